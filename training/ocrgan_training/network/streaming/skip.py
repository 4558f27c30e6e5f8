"""What happens on a skip of the generator, frame by frame."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from ocrgan_training.network.generator import skip_kind, skip_pool
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.network.streaming.attention import Memory
from ocrgan_training.network.streaming.channel_shuffle import CausalChannelShuffle
from ocrgan_training.network.streaming.mixers import (
    CausalHierarchicalAttention,
    CausalMixer,
    CausalMultiScaleAttention,
    CausalTemporalAttention,
)


class SkipState(NamedTuple):
    """The past of a `CausalSkip`; None for what its settings leave out."""

    shuffle: Float[Tensor, "b 2 c"] | None
    attention: Memory | None
    """Of both streams, in one batch."""


class Skipped(NamedTuple):
    """Both streams after a skip."""

    laplacian: Float[Tensor, "b t c h w"]
    residual: Float[Tensor, "b t c h w"]
    weight: Float[Tensor, "b t c"] | None
    """The Laplacian stream's share, where there is a channel shuffle."""


class CausalSkip(nn.Module):
    """Channel shuffle, then attention over the past, shared by both streams."""

    def __init__(self, config: NetworkConfig, level: int) -> None:
        """The skip of a level, 0 = the outermost one, as `config` wants it."""
        super().__init__()
        width, temporal = config.level_widths[level], config.temporal
        self.shuffle: CausalChannelShuffle | None = None
        if config.channel_shuffle:
            self.shuffle = CausalChannelShuffle(width, temporal=temporal != "none")
        self.attention: CausalMixer | None = None
        if temporal != "none":
            self.attention = _attention(config, level, width)

    def run(
        self,
        laplacian: Float[Tensor, "b t c h w"],
        residual: Float[Tensor, "b t c h w"],
        state: SkipState,
    ) -> tuple[Skipped, SkipState]:
        """Any number of frames that follow on those which led to `state`."""
        shuffle, attention = state
        weight: Tensor | None = None
        if self.shuffle is not None and shuffle is not None:
            shuffled, shuffle = self.shuffle.run(laplacian, residual, shuffle)
            laplacian, residual, weight = shuffled
        if self.attention is not None and attention is not None:
            mixed, attention = self.attention.run_streams((laplacian, residual), attention)
            laplacian, residual = mixed
        return Skipped(laplacian, residual, weight), SkipState(shuffle, attention)

    def initial_state(self, batch: int, size: tuple[int, int]) -> SkipState:
        """Before the first frame; `size` = (h,w) of this level."""
        return SkipState(
            None if self.shuffle is None else self.shuffle.initial_state(batch),
            None if self.attention is None else self.attention.initial_state(2 * batch, size),
        )


def causal_heads(channels: int) -> int:
    """Heads of at least 16 channels each, at most 8.

    Twice as wide as the windowed form's: all heads share one key and value of that width.
    """
    return min(8, max(1, channels // 16))


def _attention(config: NetworkConfig, level: int, channels: int) -> CausalMixer:
    kind: type[CausalTemporalAttention | CausalMultiScaleAttention | CausalHierarchicalAttention]
    match skip_kind(config, level):
        case "basic":
            kind = CausalTemporalAttention
        case "multi-scale":
            kind = CausalMultiScaleAttention
        case "hierarchical":
            kind = CausalHierarchicalAttention
    return kind(channels, config.frames, causal_heads(channels), skip_pool(config, level))
