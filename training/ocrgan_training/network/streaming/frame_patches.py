"""A local discriminator that looks at every frame once and keeps what it saw."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ocrgan_training.network.convolution import ConvBlock, fold_time, unfold_time
from ocrgan_training.network.local_discriminator import LUMA, local_width
from ocrgan_training.network.presets import CONTEXT
from ocrgan_training.network.streaming.causal_module import follow, stack_newest


class Watched(NamedTuple):
    """What a `FramePatches` keeps."""

    luma: Float[Tensor, "b 1 1 H W"]
    """Of the newest frame."""
    features: Float[Tensor, "b 6 c h w"]
    """Of the six frames before the next one."""


class FramePatches(nn.Module):
    """The newest 8 frames → one logit per patch (positive = normal), as `LocalDiscriminator`.

    That one stacks 8 frames as channels, so that every frame costs as much as a window. Here a
    convolutional encoder sees each frame once, together with the one before it (motion at every
    pixel), and what it found in the newest 7 pairs is mixed at the patches' resolution, by
    convolutions taken apart into space and channels (Howard et al. 2017, MobileNets).
    """

    luma: Tensor

    def __init__(self, base_width: int, size: tuple[int, int], context: int = CONTEXT) -> None:
        """As `LocalDiscriminator`; half its width where pixels are."""
        super().__init__()
        self.context = context
        n = max(8, local_width(base_width) // 2)
        self.stride = 4 if min(size) < 96 else 8
        layers = [ConvBlock(2, n, kernel=4, stride=2, norm=False)]
        layers.append(ConvBlock(n, 2 * n, kernel=4, stride=2))
        if self.stride == 8:
            layers.append(ConvBlock(2 * n, 2 * n, stride=2))
        self.width = 2 * n
        self.encoder = nn.Sequential(*layers)
        self.mixer = nn.Sequential(
            _separable((context - 1) * self.width, 8 * n),
            _separable(8 * n, 8 * n),
            _separable(8 * n, 8 * n),
        )
        self.classifier = nn.Conv2d(8 * n, 1, 1)
        self.register_buffer("luma", torch.tensor(LUMA).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, video: Float[Tensor, "b t 3 H W"]) -> Float[Tensor, "b h w"]:
        """Logits of the newest `context` frames; older ones are not looked at."""
        if video.shape[1] < self.context:
            raise ValueError(f"{video.shape[1]} frames, wanted at least {self.context}")
        gray = self._gray(video[:, -self.context :])
        return self._judge(self._seen(gray)).squeeze(1)

    def run(
        self, video: Float[Tensor, "b t 3 H W"], state: Watched
    ) -> tuple[Float[Tensor, "b t h w"], Watched]:
        """Logits of every frame, positive = normal, of frames that follow on `state`."""
        time = video.shape[1]
        gray, luma = follow(state.luma, self._gray(video))
        features, kept = follow(state.features, self._seen(gray))
        return unfold_time(self._judge(features), time).squeeze(2), Watched(luma, kept)

    def initial_state(self, batch: int, size: tuple[int, int]) -> Watched:
        """A gray frame of `size` = (H,W) before the first, and nothing seen."""
        height, width = (-(-side // self.stride) for side in size)
        features = self.luma.new_zeros(batch, self.context - 2, self.width, height, width)
        return Watched(self.luma.new_zeros(batch, 1, 1, *size), features)

    def _gray(self, video: Tensor) -> Float[Tensor, "b t 1 H W"]:
        return unfold_time(functional.conv2d(fold_time(video), self.luma), video.shape[1])

    def _seen(self, gray: Float[Tensor, "b kt 1 H W"]) -> Float[Tensor, "b t c h w"]:
        """What the encoder finds in every frame but the first, with the one before it."""
        return unfold_time(self.encoder(stack_newest(gray, 2)), gray.shape[1] - 1)

    def _judge(self, features: Float[Tensor, "b kt c h w"]) -> Float[Tensor, "n 1 h w"]:
        """Logits of every frame that has all of its past."""
        logits: Tensor = self.classifier(self.mixer(stack_newest(features, self.context - 1)))
        return logits


def _separable(channels: int, out: int) -> nn.Sequential:
    space = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
    return nn.Sequential(space, ConvBlock(channels, out, kernel=1))
