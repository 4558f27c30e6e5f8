"""What a frame costs in the streaming form, against a window; and what a camera's state takes.

`python -m ocrgan_training.network.streaming.cost` prints tables of all presets.
"""

from collections import Counter
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from ocrgan_training.network.cost import Cost, count_cost, count_parts
from ocrgan_training.network.presets import CHOICES, PRESETS, NetworkConfig
from ocrgan_training.network.streaming.causal_network import CausalOcrGanVideo, NetworkState
from ocrgan_training.network.streaming.state import named_tensors


@dataclass(frozen=True)
class StepCost(Cost):
    """Of scoring one frame."""

    state: dict[str, int]
    """Bytes of a camera's state by part, float32, the largest first."""

    @property
    def state_bytes(self) -> int:
        """Bytes of a camera's state."""
        return sum(self.state.values())


class _Stepping(nn.Module):
    """All that scoring one frame needs of a network."""

    def __init__(self, network: CausalOcrGanVideo) -> None:
        super().__init__()
        self.network = network

    def forward(self, frame: Float[Tensor, "1 3 h w"], state: NetworkState) -> None:
        self.network.step(frame, state)


def count_step(config: NetworkConfig) -> StepCost:
    """Counts without computing: tensors have shapes and no contents."""
    with torch.device("meta"):
        network = CausalOcrGanVideo(config).eval()
        state = network.initial_state()
        frame = torch.empty(1, 3, config.height, config.width)
        parts = count_parts(_Stepping(network), frame, state)
    kept: Counter[str] = Counter()
    for name, tensor in named_tensors(state):
        kept[_part(name)] += tensor.nbytes
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return StepCost(parameters, parts, dict(kept.most_common()))


def _part(name: str) -> str:
    """`generator.skips.0.attention.keys` → `generator.skips.0`, `features.keys` → `features`."""
    path = name.split(".")
    return ".".join(path[: 3 if "skips" in path else 2 if path[0] == "generator" else 1])


def step_table(
    named: dict[str, NetworkConfig] = PRESETS, title: str = "Cost of one frame, streaming"
) -> Table:
    """One column per network, all presets by default."""
    windows = {name: count_cost(config) for name, config in named.items()}
    steps = {name: count_step(config) for name, config in named.items()}
    table = Table(title=title)
    for heading in ("", *steps):
        table.add_column(heading, justify="right" if heading else "left")
    millions = [f"{cost.macs / 1e6:,.1f}" for cost in steps.values()]
    shares = [f"{steps[name].macs / windows[name].macs:.1%}" for name in named]
    table.add_row("M parameters", *(f"{cost.parameters / 1e6:.2f}" for cost in steps.values()))
    table.add_row("million multiply-adds", *millions)
    table.add_row("of a window's", *shares)
    for part in sorted({part for cost in steps.values() for part in cost.parts}):
        parts = (f"{cost.parts.get(part, 0) / 1e6:,.1f}" for cost in steps.values())
        table.add_row(f"  {part}", *parts)
    table.add_row("state, MB", *(f"{cost.state_bytes / 1e6:.2f}" for cost in steps.values()))
    for part in sorted({part for cost in steps.values() for part in cost.state}):
        kept = (f"{cost.state.get(part, 0) / 1e6:.2f}" for cost in steps.values())
        table.add_row(f"  {part}", *kept)
    return table


if __name__ == "__main__":
    for kind in CHOICES["patches"]:
        streaming = {
            name: replace(config, causal=True, patches=kind) for name, config in PRESETS.items()
        }
        Console().print(step_table(streaming, f"Cost of one frame, streaming, patches by {kind}"))
