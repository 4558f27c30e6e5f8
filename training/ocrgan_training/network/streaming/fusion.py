"""Pooling over the past, 3-D convolution over it, and every frame's summary made of them."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ocrgan_training.network.convolution import fold_time, unfold_time
from ocrgan_training.network.fusion import AdaptiveTemporalPooling, Temporal3DConv
from ocrgan_training.network.places import from_places, to_places
from ocrgan_training.network.presets import GROUP
from ocrgan_training.network.streaming.attention import CLOSED, Memory, out_of_sight
from ocrgan_training.network.streaming.causal_module import (
    CausalModule,
    follow,
    stack_newest,
)
from ocrgan_training.network.streaming.mixers import CausalTemporalAttention
from ocrgan_training.network.streaming.recurrent import Carried, CausalConvLSTM


class Kept(NamedTuple):
    """The last T − 1 frames at every place, the newest last."""

    tokens: Float[Tensor, "n kept c"]
    seen: Float[Tensor, "1"]
    """Frames seen, at most T − 1: older entries are empty."""


class CausalTemporalPooling(CausalModule[Kept]):
    """For every frame a mean of the last T, weighted by content: (B,T',C,H,W) → same.

    The fusions have it as a row of their attention (`pooling=True`), where it costs next to
    nothing.
    """

    def __init__(self, channels: int, frames: int) -> None:
        """`frames` = T."""
        super().__init__()
        self.frames = frames
        self.pooling = AdaptiveTemporalPooling(channels)

    def run(
        self, video: Float[Tensor, "b t c h w"], state: Kept
    ) -> tuple[Float[Tensor, "b t c h w"], Kept]:
        """Σ weight · frame over each frame's last T; the weights sum to 1."""
        time = video.shape[1]
        tokens, kept = follow(state.tokens, to_places(video))
        hidden = out_of_sight(self.frames, time, state.seen)
        importance = self.pooling.importance(tokens).transpose(1, 2)  # (n, 1, T−1+T')
        weights = torch.softmax(torch.where(hidden, CLOSED, importance), dim=-1)
        seen = torch.clamp(state.seen + time, max=float(self.frames - 1))
        pooled = from_places(weights @ tokens, (video.shape[-2], video.shape[-1]))
        return pooled, Kept(kept, seen)

    def initial_state(self, batch: int, size: tuple[int, int]) -> Kept:
        """Nothing seen."""
        like = self.pooling.importance.weight
        places = batch * size[0] * size[1]
        return Kept(like.new_zeros(places, self.frames - 1, like.shape[1]), like.new_zeros(1))


class CausalTemporal3DConv(CausalModule[Tensor]):
    """Convolution over space, then over the last 4 frames: (B,T',C,H,W) → (B,T',Ch,H,W).

    State: the last 3 frames after the convolution over space, (B,3,Ch,H,W).
    """

    def __init__(self, channels: int, out: int) -> None:
        """`out` = Ch."""
        super().__init__()
        self.out = out
        self.convolution = Temporal3DConv(channels, out)

    def run(
        self, video: Float[Tensor, "b t c h w"], state: Float[Tensor, "b 3 out h w"]
    ) -> tuple[Float[Tensor, "b t out h w"], Float[Tensor, "b 3 out h w"]]:
        """Space per frame, then time per frame."""
        time = video.shape[1]
        seen = unfold_time(self.convolution.space(fold_time(video)), time)
        frames, state = follow(state, seen)
        return unfold_time(self.convolution.time(stack_newest(frames, GROUP)), time), state

    def initial_state(self, batch: int, size: tuple[int, int]) -> Float[Tensor, "b 3 out h w"]:
        """Zeros."""
        like = next(self.convolution.parameters())
        return like.new_zeros(batch, GROUP - 1, self.out, *size)


class Summarised(NamedTuple):
    """The past of a `CausalFeatureFusion`."""

    attention: Memory
    recurrent: Carried
    convolution: Float[Tensor, "b 3 _ _ _"]


class CausalFeatureFusion(CausalModule[Summarised]):
    """Every frame's summary of what led to it: (B,T',C,H,W) → same.

    Attention with the pooled past ‖ ConvLSTM ‖ 3-D convolution → concat → 1×1 convolution, on
    embeddings of patches, as `TemporalFeatureFusion` does for a window as a whole.
    """

    def __init__(self, channels: int, frames: int, embedding: int, patch: int = 4) -> None:
        """`embedding` = channels at patch resolution, even; H, W must be multiples of `patch`."""
        super().__init__()
        hidden = embedding // 2
        self.patch = patch
        self.embed = nn.Conv2d(channels, embedding, patch, stride=patch)
        heads = max(1, embedding // 16)
        self.attention = CausalTemporalAttention(embedding, frames, heads, pooling=True)
        self.recurrent = CausalConvLSTM(embedding, hidden, read_kernel=1)
        self.convolution = CausalTemporal3DConv(embedding, hidden)
        self.fuse = nn.Conv2d(embedding + 2 * hidden, channels * patch**2, 1)
        self.to_pixels = nn.PixelShuffle(patch)

    def run(
        self, video: Float[Tensor, "b t c h w"], state: Summarised
    ) -> tuple[Float[Tensor, "b t c h w"], Summarised]:
        """What the past as a whole shows at every pixel of every frame."""
        time = video.shape[1]
        patches = unfold_time(self.embed(fold_time(video)), time)
        attended, memory = self.attention.run(patches, state.attention)
        hidden, carried = self.recurrent.run(patches, state.recurrent)
        moved, buffer = self.convolution.run(patches, state.convolution)
        found = torch.cat((attended, hidden, moved), dim=2)
        summary = unfold_time(self.to_pixels(self.fuse(fold_time(found))), time)
        return summary, Summarised(memory, carried, buffer)

    def initial_state(self, batch: int, size: tuple[int, int]) -> Summarised:
        """Nothing seen, `size` in pixels."""
        patches = size[0] // self.patch, size[1] // self.patch
        return Summarised(
            self.attention.initial_state(batch, patches),
            self.recurrent.initial_state(batch, patches),
            self.convolution.initial_state(batch, patches),
        )
