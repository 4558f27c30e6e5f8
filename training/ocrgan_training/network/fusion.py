"""A window's summary: pooling over time, 3-D convolution, and the fusions made of them."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ocrgan_training.network.attention import (
    HierarchicalTemporalAttention,
    MultiScaleTemporalAttention,
    TemporalAttention,
    TemporalMixer,
)
from ocrgan_training.network.convolution import ConvBlock, fold_time, unfold_time
from ocrgan_training.network.presets import GROUP
from ocrgan_training.network.recurrent import ConvLSTM


class AdaptiveTemporalPooling(nn.Module):
    """A mean over time in which every place chooses its frames: (B,T,C,H,W) → (B,C,H,W)."""

    def __init__(self, channels: int) -> None:
        """A 1×1 convolution says how much a frame matters."""
        super().__init__()
        self.importance = nn.Conv2d(channels, 1, 1)

    def forward(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b c h w"]:
        """Σₜ weightₜ · frameₜ."""
        return (self.weights(video) * video).sum(dim=1)

    def weights(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t 1 h w"]:
        """Softmax over T of every frame's importance: they sum to 1."""
        importance: Tensor = self.importance(fold_time(video))
        return torch.softmax(unfold_time(importance, video.shape[1]), dim=1)


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
        self.recurrent = ConvLSTM(embedding, hidden, frames_per_step=GROUP)
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
        self.narrow = nn.Conv2d(channels, inner, 1)
        self.multi_scale = MultiScaleTemporalAttention(inner, frames, heads)
        self.hierarchical = HierarchicalTemporalAttention(inner, frames, heads)
        self.pooling = AdaptiveTemporalPooling(inner)
        self.context = nn.Conv2d(inner, channels, 1)
        self.fuse = nn.Conv2d(2 * inner, channels, 1)

    def mix(self, tokens: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t c h w"]:
        """Both attentions fused, plus the same context for every frame."""
        time = tokens.shape[1]
        narrow = unfold_time(self.narrow(fold_time(tokens)), time)
        both = torch.cat((self.multi_scale(narrow), self.hierarchical(narrow)), dim=2)
        context: Tensor = self.context(self.pooling(narrow))
        return unfold_time(self.fuse(fold_time(both)), time) + context[:, None]
