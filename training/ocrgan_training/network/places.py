"""Between frames (space first) and places (time first), where operations over time work.

Space modules see (B·T,C,H,W); modules over time see (B·h·w,T,C): every place of the image is a
sequence of its own and a projection is one matrix product. Going over is a single 2-D transpose,
which runtimes do fast; transposing heads out of (B,T,C,h,w) took twice as long as all the rest of
an attention.
"""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ocrgan_training.network.convolution import fold_time, unfold_time


def to_places(video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "bhw t c"]:
    """(B,T,C,h,w) → (B·h·w,T,C)."""
    batch, time, channels, height, width = video.shape
    flat = video.reshape(batch, time * channels, height * width).transpose(1, 2)
    return flat.reshape(-1, time, channels)


def from_places(
    tokens: Float[Tensor, "bhw t c"], size: tuple[int, int]
) -> Float[Tensor, "b t c h w"]:
    """The inverse of `to_places` for images of `size` = (h,w)."""
    _, time, channels = tokens.shape
    flat = tokens.reshape(-1, size[0] * size[1], time * channels).transpose(1, 2)
    return flat.reshape(-1, time, channels, *size)


def pool_places(video: Float[Tensor, "b t c h w"], pool: int) -> Float[Tensor, "b t c hp wp"]:
    """Means over pool × pool pixels; a last row or column that is not whole is the mean of less."""
    if pool == 1:
        return video
    whole = video.shape[-2] % pool == 0 and video.shape[-1] % pool == 0
    pooled = functional.avg_pool2d(
        fold_time(video), pool, ceil_mode=not whole, count_include_pad=False
    )
    return unfold_time(pooled, video.shape[1])


def spread_places(
    pooled: Float[Tensor, "b t c hp wp"], pool: int, size: tuple[int, int]
) -> Float[Tensor, "b t c h w"]:
    """Repeats every value over the pool × pool pixels it stands for."""
    if pool == 1:
        return pooled
    spread = functional.interpolate(fold_time(pooled), scale_factor=float(pool), mode="nearest")
    if spread.shape[-2:] != size:
        spread = spread[..., : size[0], : size[1]]
    return unfold_time(spread, pooled.shape[1])


class TemporalMixer(nn.Module, ABC):
    """Adds to a video what an operation over time finds at every place: (B,T,C,H,W) → same.

    Subclasses say `mix`. Places are the means of pool × pool pixels and the result is spread over
    these pixels again, so that the operation over time costs pool² less.
    """

    def __init__(self, pool: int = 1) -> None:
        """`pool` = 1 looks at every pixel."""
        super().__init__()
        self.pool = pool

    @abstractmethod
    def mix(self, tokens: Float[Tensor, "n t c"]) -> Float[Tensor, "n t c"]:
        """What is added at every place."""

    def forward(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t c h w"]:
        """The video plus what was found."""
        return self.streams(video)[0]

    def streams(self, *videos: Float[Tensor, "b t c h w"]) -> list[Float[Tensor, "b t c h w"]]:
        """Several videos, same weights, as one batch: stacked after pooling, little to copy."""
        pooled = [pool_places(video, self.pool) for video in videos]
        size = pooled[0].shape[-2], pooled[0].shape[-1]
        stacked = torch.cat(pooled) if len(pooled) > 1 else pooled[0]
        found = from_places(self.mix(to_places(stacked)), size).chunk(len(videos))
        return [
            video + spread_places(part, self.pool, (video.shape[-2], video.shape[-1]))
            for video, part in zip(videos, found, strict=True)
        ]
