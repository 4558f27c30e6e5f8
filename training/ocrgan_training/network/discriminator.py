"""Discriminators of single frames: logits (positive = real) and features, both with a place."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ocrgan_training.network.convolution import SLOPE, ConvBlock


class Judgement(NamedTuple):
    """What a discriminator says about frames, place by place."""

    logits: Float[Tensor, "n h w"]
    """Positive = real."""

    features: Float[Tensor, "n nz h w"]


class FrameDiscriminator(nn.Module, ABC):
    """The one interface: frames (N,3,H,W) → logits, features."""

    levels: int = 4
    """Stride-2 levels: features have H/2ˡ × W/2ˡ places, rounded up."""

    @abstractmethod
    def forward(self, frames: Float[Tensor, "n 3 _ _"]) -> Judgement:
        """Judges every frame by itself."""


def _trunk(width: int, levels: int = 4) -> nn.Sequential:
    """The DCGAN pyramid n, 2n, 4n, 8n, each level half the size (3×3: 9/16 of 4×4's work)."""
    widths = [3, *(width * 2**level for level in range(levels))]
    return nn.Sequential(
        *(
            ConvBlock(widths[level], widths[level + 1], stride=2, norm=level > 0)
            for level in range(levels)
        )
    )


def _features(channels: int, features: int) -> nn.Sequential:
    """Not rectified: a feature may be negative, and distances see all of it."""
    return nn.Sequential(nn.Conv2d(channels, features, 1, bias=False), nn.BatchNorm2d(features))


class BasicDiscriminator(FrameDiscriminator):
    """DCGAN pyramid → nz features → classifier of the features; grid H/16 × W/16."""

    def __init__(self, width: int, features: int) -> None:
        """`width` = n, `features` = nz."""
        super().__init__()
        self.trunk = _trunk(width)
        self.features = _features(8 * width, features)
        self.classifier = nn.Sequential(nn.LeakyReLU(SLOPE), nn.Conv2d(features, 1, 1))

    def forward(self, frames: Float[Tensor, "n 3 _ _"]) -> Judgement:
        """The classifier sees nothing but the features."""
        features = self.features(self.trunk(frames))
        return Judgement(self.classifier(features).squeeze(1), features)


class NetD(FrameDiscriminator):
    """DCGAN pyramid with two ends: nz features, and a classifier that does not go through them."""

    def __init__(self, width: int, features: int) -> None:
        """`width` = n, `features` = nz."""
        super().__init__()
        self.trunk = _trunk(width)
        self.features = _features(8 * width, features)
        self.classifier = nn.Conv2d(8 * width, 1, 3, padding=1)

    def forward(self, frames: Float[Tensor, "n 3 _ _"]) -> Judgement:
        """Features and logits side by side."""
        found = self.trunk(frames)
        return Judgement(self.classifier(found).squeeze(1), self.features(found))


class NLayerDiscriminator(FrameDiscriminator):
    """Patch logits at two scales, averaged on the finer grid H/8 × W/8 (Isola et al. 2017)."""

    levels = 3

    def __init__(self, width: int, features: int) -> None:
        """`width` = n, `features` = nz."""
        super().__init__()
        self.fine = _trunk(width, levels=3)
        self.coarse = ConvBlock(4 * width, 8 * width, stride=2)
        self.features = _features(4 * width, features)
        self.classify_fine = nn.Conv2d(4 * width, 1, 3, padding=1)
        self.classify_coarse = nn.Conv2d(8 * width, 1, 3, padding=1)

    def forward(self, frames: Float[Tensor, "n 3 _ _"]) -> Judgement:
        """Small patches and, over them, patches twice as large."""
        found = self.fine(frames)
        fine: Tensor = self.classify_fine(found)
        coarse: Tensor = self.classify_coarse(self.coarse(found))
        coarse = functional.interpolate(coarse, size=fine.shape[-2:], mode="nearest")
        return Judgement(torch.lerp(fine, coarse, 0.5).squeeze(1), self.features(found))


def make_discriminator(kind: str, width: int, features: int) -> FrameDiscriminator:
    """The frame discriminator of that name."""
    kinds: dict[str, Callable[[int, int], FrameDiscriminator]] = {
        "basic": BasicDiscriminator,
        "netd": NetD,
        "nlayer": NLayerDiscriminator,
    }
    return kinds[kind](width, features)
