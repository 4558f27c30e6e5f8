"""The temporal attention family in causal form."""

from abc import abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ocrgan_training.network.attention import LooksOverTime
from ocrgan_training.network.convolution import SLOPE
from ocrgan_training.network.places import (
    from_places,
    pool_places,
    spread_places,
    to_places,
)
from ocrgan_training.network.presets import GROUP
from ocrgan_training.network.streaming.attention import CausalAttention, Memory
from ocrgan_training.network.streaming.causal_module import CausalModule

SCALES = (1, 2, 4)
"""Multi-scale attention looks at every frame, every 2nd and every 4th."""


def dilated(frames: int) -> list[range]:
    """The ages that multi-scale attention looks at, for each scale."""
    return [range(0, frames, scale) for scale in SCALES]


def nested(frames: int) -> list[range]:
    """The ages that hierarchical attention looks at: the last 4 frames, all T frames."""
    return [range(GROUP), range(frames)]


class CausalMixer(CausalModule[Memory]):
    """Adds to every frame what it finds at its place in the last T frames: (B,T',C,H,W) → same.

    Subclasses set `attention` and say `blend`. Places are the means of pool × pool pixels, as of a
    `TemporalMixer`.
    """

    attention: CausalAttention

    def __init__(self, pool: int = 1) -> None:
        """`pool` = 1 looks at every pixel."""
        super().__init__()
        self.pool = pool

    @abstractmethod
    def blend(
        self, tokens: Float[Tensor, "n t c"], gathered: Float[Tensor, "n t _"]
    ) -> Float[Tensor, "n t c"]:
        """What is added, of the frame itself and what attention gathered."""

    def initial_state(self, batch: int, size: tuple[int, int]) -> Memory:
        """Nothing seen; two streams in one batch count twice."""
        height, width = (-(-side // self.pool) for side in size)
        return self.attention.empty(batch * height * width)

    def run(
        self, video: Float[Tensor, "b t c h w"], state: Memory
    ) -> tuple[Float[Tensor, "b t c h w"], Memory]:
        """The frames plus what was found."""
        found, state = self.run_streams((video,), state)
        return found[0], state

    def run_streams(self, videos: tuple[Tensor, ...], state: Memory) -> tuple[list[Tensor], Memory]:
        """Several videos (B,T',C,H,W), same weights, as one batch with one state."""
        pooled = torch.cat([pool_places(video, self.pool) for video in videos])
        size = pooled.shape[-2], pooled.shape[-1]
        found, state = self._advance(to_places(pooled), state)
        parts = from_places(found, size).chunk(len(videos))
        mixed = [
            video + spread_places(part, self.pool, (video.shape[-2], video.shape[-1]))
            for video, part in zip(videos, parts, strict=True)
        ]
        return mixed, state

    def _advance(
        self, tokens: Float[Tensor, "n t c"], memory: Memory
    ) -> tuple[Float[Tensor, "n t c"], Memory]:
        gathered, memory = self.attention.run(tokens, memory)
        return self.blend(tokens, gathered), memory


class CausalTemporalAttention(CausalMixer, LooksOverTime):
    """Every place attends to itself over the last T frames; with `pooling`, to their mean too."""

    def __init__(
        self, channels: int, frames: int, heads: int = 8, pool: int = 1, *, pooling: bool = False
    ) -> None:
        """`frames` = T; `heads` as of `CausalAttention`."""
        super().__init__(pool)
        self.attention = CausalAttention(channels, [range(frames)], heads, pooling=pooling)
        self.project = nn.Linear(self.attention.width, channels)

    def blend(
        self, tokens: Float[Tensor, "n t c"], gathered: Float[Tensor, "n t _"]
    ) -> Float[Tensor, "n t c"]:
        """The output projection."""
        projected: Tensor = self.project(gathered)
        return projected

    def weights(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "bhw heads t t"]:
        """Attention weights of a clip (B·h·w, heads, T', T'), 0 above the diagonal."""
        tokens = to_places(pool_places(video, self.pool))
        weights = self.attention.attend(tokens, self.attention.empty(tokens.shape[0]))[1]
        return weights[..., self.attention.frames - 1 :].transpose(1, 2)

    def newest(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "bhw heads t"]:
        """The last row of every matrix of `weights`: where the newest frame looks."""
        return self.weights(video)[:, :, -1]

    def looks(
        self, frame: Float[Tensor, "b c h w"], state: Memory
    ) -> Float[Tensor, "bhw heads frames"]:
        """Where a frame looks that is about to follow on `state`: weights on T frames."""
        tokens = to_places(pool_places(frame[:, None], self.pool))
        return self.attention.attend(tokens, state)[1][:, 0]


class CausalMultiScaleAttention(CausalMixer):
    """Dilated causal windows: every frame, every 2nd, every 4th, counted back from each frame."""

    def __init__(self, channels: int, frames: int, heads: int = 8, pool: int = 1) -> None:
        """`frames` = T."""
        super().__init__(pool)
        self.attention = CausalAttention(channels, dilated(frames), heads)
        self.fuse = nn.Linear(self.attention.width, channels)

    def blend(
        self, tokens: Float[Tensor, "n t c"], gathered: Float[Tensor, "n t _"]
    ) -> Float[Tensor, "n t c"]:
        """One projection is output projection and fusion at once."""
        fused: Tensor = self.fuse(gathered)
        return fused


class CausalHierarchicalAttention(CausalMixer):
    """Causal windows of 1, 4 and T frames: the frame itself, the sequence, the snippet."""

    def __init__(self, channels: int, frames: int, heads: int = 8, pool: int = 1) -> None:
        """`frames` = T, at least 4."""
        super().__init__(pool)
        self.frame = nn.Sequential(nn.Linear(channels, channels), nn.LeakyReLU(SLOPE))
        self.attention = CausalAttention(channels, nested(frames), heads)
        self.combine = nn.Linear(channels + self.attention.width, channels)

    def blend(
        self, tokens: Float[Tensor, "n t c"], gathered: Float[Tensor, "n t _"]
    ) -> Float[Tensor, "n t c"]:
        """The three levels side by side, then one projection."""
        combined: Tensor = self.combine(torch.cat((self.frame(tokens), gathered), dim=-1))
        return combined


class CausalEnhancedFusion(CausalMixer):
    """The bottleneck: dilated windows ‖ windows of 1, 4 and T ‖ the pooled past, at half the width.

    All of them read one memory: a frame is kept once, however many ways it is looked at.
    """

    def __init__(self, channels: int, frames: int, heads: int = 8) -> None:
        """(B,T',C,H,W) → same; C even."""
        super().__init__()
        inner = channels // 2
        self.narrow = nn.Linear(channels, inner)
        self.frame = nn.Sequential(nn.Linear(inner, inner), nn.LeakyReLU(SLOPE))
        # The snippet is the multi-scale attention's first branch.
        reaches = [*dilated(frames), range(GROUP)]
        self.attention = CausalAttention(inner, reaches, heads, pooling=True)
        self.fuse = nn.Linear(inner + self.attention.width, channels)

    def _advance(
        self, tokens: Float[Tensor, "n t c"], memory: Memory
    ) -> tuple[Float[Tensor, "n t c"], Memory]:
        narrow: Tensor = self.narrow(tokens)
        gathered, memory = self.attention.run(narrow, memory)
        return self.blend(narrow, gathered), memory

    def blend(
        self, tokens: Float[Tensor, "n t inner"], gathered: Float[Tensor, "n t _"]
    ) -> Float[Tensor, "n t _"]:
        """All that was found, and the frame itself, in one projection."""
        fused: Tensor = self.fuse(torch.cat((self.frame(tokens), gathered), dim=-1))
        return fused
