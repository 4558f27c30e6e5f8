"""A window's summary: pooling over time, 3-D convolution, and the fusions made of them."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ocrgan_training.network.attention import (
    HierarchicalTemporalAttention,
    MultiScaleTemporalAttention,
    TemporalAttention,
)
from ocrgan_training.network.convolution import ConvBlock, fold_time, unfold_time
from ocrgan_training.network.places import TemporalMixer, from_places, to_places
from ocrgan_training.network.presets import GROUP
from ocrgan_training.network.recurrent import ConvLSTM


class AdaptiveTemporalPooling(nn.Module):
    """A mean over time in which every place chooses its frames: (B,T,C,H,W) → (B,C,H,W)."""

    def __init__(self, channels: int) -> None:
        """A projection of `channels` to one number says how much a frame matters."""
        super().__init__()
        self.importance = nn.Linear(channels, 1, bias=False)  # softmax would not notice a bias

    def forward(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b c h w"]:
        """Σₜ weightₜ · frameₜ."""
        pooled = self.pool(to_places(video))
        return from_places(pooled[:, None], (video.shape[-2], video.shape[-1])).squeeze(1)

    def pool(self, tokens: Float[Tensor, "n t c"]) -> Float[Tensor, "n c"]:
        """The same at places."""
        return (self.weights(tokens) * tokens).sum(dim=1)

    def weights(self, tokens: Float[Tensor, "n t c"]) -> Float[Tensor, "n t 1"]:
        """Softmax over T of every frame's importance: they sum to 1."""
        return torch.softmax(self.importance(tokens), dim=1)


class Temporal3DConv(nn.Module):
    """Convolution over space and time, pooled over T: (B,T,C,H,W) → (B,Ch,H,W).

    Factorised into space, then time (Tran et al. 2018). Over time the kernel is as wide as its
    stride (4 frames), so that it is a 1×1 convolution over 4 frames stacked as channels: stacking
    is a reshape, and both parts are the 2-D convolutions that every runtime has in INT8.
    """

    def __init__(self, channels: int, out: int) -> None:
        """`out` = Ch; T must be a multiple of 4."""
        super().__init__()
        self.space = ConvBlock(channels, out)
        self.time = ConvBlock(GROUP * out, out, kernel=1)

    def forward(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b out h w"]:
        """Space per frame, time per group of 4 frames, mean over the groups."""
        if video.shape[1] % GROUP:
            raise ValueError(f"{video.shape[1]} frames, wanted a multiple of {GROUP}")
        seen = unfold_time(self.space(fold_time(video)), GROUP).flatten(1, 2)  # (B·T/4, 4·Ch, H, W)
        return unfold_time(self.time(seen), video.shape[1] // GROUP).mean(dim=1)


class TemporalFeatureFusion(nn.Module):
    """The window's temporal summary: (B,T,C,H,W) → (B,C,H,W).

    Attention ‖ ConvLSTM ‖ 3-D convolution → concat → 1×1 convolution. All three work on
    embeddings of patch × patch pixels; the last convolution gives back each patch's pixels
    (depth to space), so that nothing but two convolutions touches the full size.
    """

    def __init__(self, channels: int, frames: int, embedding: int, patch: int = 4) -> None:
        """`embedding` = channels at patch resolution, even; H, W must be multiples of `patch`."""
        super().__init__()
        hidden = embedding // 2
        self.embed = nn.Conv2d(channels, embedding, patch, stride=patch)
        self.attention = TemporalAttention(embedding, frames, heads=max(1, embedding // 8))
        self.pooling = AdaptiveTemporalPooling(embedding)
        # A patch already covers its surroundings: space is for the hidden state to travel.
        self.recurrent = ConvLSTM(embedding, hidden, read_kernel=1, frames_per_step=GROUP)
        self.convolution = Temporal3DConv(embedding, hidden)
        self.fuse = nn.Conv2d(embedding + 2 * hidden, channels * patch**2, 1)
        self.to_pixels = nn.PixelShuffle(patch)

    def forward(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b c h w"]:
        """What the window as a whole shows at every pixel."""
        patches = unfold_time(self.embed(fold_time(video)), video.shape[1])
        attended = self.pooling(self.attention(patches))
        found = torch.cat((attended, self.recurrent(patches), self.convolution(patches)), dim=1)
        summary: Tensor = self.to_pixels(self.fuse(found))
        return summary


class EnhancedTemporalFusion(TemporalMixer):
    """The bottleneck: multi-scale ‖ hierarchical, plus the pooled window as global context.

    Works at half the channels: at full width it would cost more than the encoder around it.
    """

    def __init__(self, channels: int, frames: int, heads: int = 8) -> None:
        """(B,T,C,H,W) → same; C even."""
        super().__init__()
        inner = channels // 2
        self.narrow = nn.Linear(channels, inner)
        self.multi_scale = MultiScaleTemporalAttention(inner, frames, heads)
        self.hierarchical = HierarchicalTemporalAttention(inner, frames, heads)
        self.pooling = AdaptiveTemporalPooling(inner)
        self.context = nn.Linear(inner, channels)
        self.fuse = nn.Linear(2 * inner, channels)

    def mix(self, tokens: Float[Tensor, "n t c"]) -> Float[Tensor, "n t c"]:
        """Both attentions fused, plus the same context for every frame."""
        narrow: Tensor = self.narrow(tokens)
        both = torch.cat((self.multi_scale.mix(narrow), self.hierarchical.mix(narrow)), dim=-1)
        context: Tensor = self.context(self.pooling.pool(narrow))
        fused: Tensor = self.fuse(both)
        return fused + context[:, None]
