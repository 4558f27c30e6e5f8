"""OCR-GAN Video: generator, frame discriminator, attention over features, local discriminator."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ocrgan_training.network.attention import LooksOverTime, TemporalAttention
from ocrgan_training.network.convolution import fold_time, unfold_time
from ocrgan_training.network.discriminator import make_discriminator
from ocrgan_training.network.frequency import decompose
from ocrgan_training.network.generator import Generated, Generator
from ocrgan_training.network.local_discriminator import LocalDiscriminator
from ocrgan_training.network.presets import NetworkConfig


class Reconstruction(NamedTuple):
    """A window rebuilt, in two streams."""

    fake_laplacian: Float[Tensor, "b t 3 h w"]
    fake_residual: Float[Tensor, "b t 3 h w"]

    @property
    def fake(self) -> Tensor:
        """The rebuilt window (B,T,3,H,W): the sum of both streams."""
        return self.fake_laplacian + self.fake_residual


class Features(NamedTuple):
    """What the frame discriminator says about a window, place by place."""

    logits: Float[Tensor, "b t h w"]
    """Positive = real."""

    raw: Float[Tensor, "b t nz h w"]
    """Of every frame by itself."""

    attended: Float[Tensor, "b t nz h w"]
    """After attention over time; the same as `raw` where the network has none."""


class OcrGanVideo(nn.Module):
    """The whole network; pixels are blue-green-red in -1 … 1, windows (B,T,3,H,W).

    `patch_logits` takes windows as they are, everything else what `reduce` makes of them.
    """

    def __init__(self, config: NetworkConfig) -> None:
        """Builds every part with PyTorch's initial weights (seed it with torch.manual_seed)."""
        super().__init__()
        self.config = config
        self.generator = Generator(config)
        self.discriminator = make_discriminator(
            config.discriminator, config.base_width, config.features
        )
        self.feature_attention: LooksOverTime | None = None
        if config.temporal != "none":
            self.feature_attention = TemporalAttention(config.features, config.frames)
        self.local_discriminator: nn.Module | None = None
        if config.local_discriminator:
            size = (config.height, config.width)
            slim = config.patches == "slim"
            self.local_discriminator = LocalDiscriminator(config.base_width, size, slim=slim)

    def reduce(self, video: Float[Tensor, "b t 3 H W"]) -> Float[Tensor, "b t 3 h w"]:
        """Frames as generator and frame discriminator see them: means of squares of pixels."""
        if self.config.reduction == 1:
            return video
        return unfold_time(
            functional.avg_pool2d(fold_time(video), self.config.reduction), video.shape[1]
        )

    def reconstruct(
        self,
        video: Float[Tensor, "b t 3 h w"],
        noise: float = 0.0,
        generators: Sequence[torch.Generator] = (),
    ) -> Reconstruction:
        """Rebuilds windows; `noise` = σ, drawn from one generator a window, is 0 when scoring."""
        rebuilt = self.rebuild(*decompose(video), noise, generators)
        return Reconstruction(rebuilt.laplacian, rebuilt.residual)

    def rebuild(
        self,
        laplacian: Float[Tensor, "b t 3 h w"],
        residual: Float[Tensor, "b t 3 h w"],
        noise: float = 0.0,
        generators: Sequence[torch.Generator] = (),
    ) -> Generated:
        """As `reconstruct` for a window that is already decomposed; with the shuffle's weights."""
        rebuilt: Generated = self.generator(laplacian, residual, noise, generators)
        return rebuilt

    def features(self, video: Float[Tensor, "b t 3 _ _"]) -> Features:
        """Logits and features; real and fake windows can be one batch."""
        time = video.shape[1]
        logits, features = self.discriminator(fold_time(video))
        raw = unfold_time(features, time)
        attended = raw if self.feature_attention is None else self.feature_attention(raw)
        return Features(logits.reshape(-1, time, *logits.shape[1:]), raw, attended)

    def patch_logits(self, video: Float[Tensor, "b t 3 _ _"]) -> Float[Tensor, "b _ _"]:
        """The local discriminator's logits on the newest 8 frames; positive = normal.

        Raises ValueError where the network has no local discriminator.
        """
        if self.local_discriminator is None:
            raise ValueError("this network has no local discriminator (local_discriminator=False)")
        logits: Tensor = self.local_discriminator(video)
        return logits
