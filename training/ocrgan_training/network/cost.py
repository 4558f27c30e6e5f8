"""What a network costs: parameters and multiply-adds per window, by part.

`python -m ocrgan_training.network.cost` prints the table of all presets.
"""

from collections import Counter
from dataclasses import dataclass

import torch
from jaxtyping import Float
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import PRESETS, NetworkConfig


@dataclass(frozen=True)
class Cost:
    """Of scoring one window."""

    parameters: int
    """Learned numbers."""

    parts: dict[str, int]
    """Multiply-adds by part of the network, the largest first."""

    @property
    def macs(self) -> int:
        """Multiply-adds of everything."""
        return sum(self.parts.values())


class _Scoring(nn.Module):
    """All that scoring one window needs of a network."""

    def __init__(self, network: OcrGanVideo) -> None:
        super().__init__()
        self.network = network

    def forward(self, video: Float[Tensor, "1 t 3 h w"]) -> None:
        reduced = self.network.reduce(video)
        fake = self.network.reconstruct(reduced).fake
        self.network.features(torch.cat((reduced, fake)))
        if self.network.local_discriminator is not None:
            self.network.patch_logits(video)


def count_cost(config: NetworkConfig) -> Cost:
    """Counts without computing: tensors have shapes and no contents."""
    with torch.device("meta"):
        network = OcrGanVideo(config).eval()
        video = torch.empty(1, config.frames, 3, config.height, config.width)
        parts = count_parts(_Scoring(network), video)
    return Cost(sum(parameter.numel() for parameter in network.parameters()), parts)


def count_parts(scoring: nn.Module, *inputs: object) -> dict[str, int]:
    """Multiply-adds by part, the largest first, of a module that has the network as `network`."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        scoring(*inputs)
    operations = {
        name: sum(by_kind.values()) for name, by_kind in counter.get_flop_counts().items()
    }
    parts: Counter[str] = Counter()
    for name, own in _without_children(operations).items():
        parts[_part(name)] += own // 2  # one multiply-add is two operations
    return {name: count for name, count in parts.most_common() if count}


def _without_children(operations: dict[str, int]) -> dict[str, int]:
    """Every module's own operations: a counter gives a module those of its children as well."""
    own = dict(operations)
    for name, count in operations.items():
        parents = [other for other in operations if name.startswith(f"{other}.")]
        if parents:
            own[max(parents, key=len)] -= count
        elif name != "Global":
            own["Global"] -= count
    return own


def _part(name: str) -> str:
    """`_Scoring.network.generator.encoders.0.levels.1` → `generator.encoders`."""
    path = name.split(".")[2:]
    return ".".join(path[:2] if path[:1] == ["generator"] else path[:1]) or "other"


def cost_table(named: dict[str, NetworkConfig] = PRESETS) -> Table:
    """One column per network, all presets by default."""
    costs = {name: count_cost(config) for name, config in named.items()}
    table = Table(title="Cost of one window")
    for heading in ("", *costs):
        table.add_column(heading, justify="right" if heading else "left")
    configs = named.values()
    table.add_row("height × width", *(f"{config.height} × {config.width}" for config in configs))
    table.add_row("frames", *(str(config.frames) for config in configs))
    table.add_row("base width n", *(str(config.base_width) for config in configs))
    table.add_row("M parameters", *(f"{cost.parameters / 1e6:.2f}" for cost in costs.values()))
    table.add_row("million multiply-adds", *(f"{cost.macs / 1e6:,.0f}" for cost in costs.values()))
    for part in sorted({part for cost in costs.values() for part in cost.parts}):
        shares = (cost.parts.get(part, 0) / cost.macs for cost in costs.values())
        table.add_row(f"  {part}", *(f"{share:.1%}" for share in shares))
    return table


if __name__ == "__main__":
    Console().print(cost_table())
