"""Omni-frequency decomposition: a video as edges plus shapes."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ocrgan_training.network.convolution import fold_time

# What a binomial blur, weights (1 2 1)ᵀ(1 2 1)/16, takes away: a 9-point Laplacian. Sixteenths are
# exact, and one fixed kernel is a plain convolution with a constant in the exported graph.
_SIXTEENTHS = ((-1.0, -2.0, -1.0), (-2.0, 12.0, -2.0), (-1.0, -2.0, -1.0))
_LAPLACIAN = [[weight / 16 for weight in row] for row in _SIXTEENTHS]


class Streams(NamedTuple):
    """A video taken apart; the two add up to the video."""

    laplacian: Float[Tensor, "b t c h w"]
    residual: Float[Tensor, "b t c h w"]


def decompose(video: Float[Tensor, "b t c h w"]) -> Streams:
    """Splits every frame into its high frequencies (edges, texture) and the rest (shapes).

    laplacian = video ∗ K, K = δ − (1 2 1)ᵀ(1 2 1)/16, borders repeated: a constant frame has
    Laplacian 0 everywhere; residual = video − laplacian (Burt and Adelson 1983, one level).
    """
    channels = video.shape[2]
    kernel = torch.tensor([[_LAPLACIAN]] * channels, dtype=video.dtype, device=video.device)
    padded = functional.pad(fold_time(video), (1, 1, 1, 1), mode="replicate")
    laplacian = functional.conv2d(padded, kernel, groups=channels)
    laplacian = laplacian.reshape(video.shape)
    return Streams(laplacian, video - laplacian)
