"""Omni-frequency decomposition: a video as edges plus shapes."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

# A binomial blur, weights (1 2 1)ᵀ(1 2 1)/16, is the low-pass filter; what it takes away is a
# 9-point Laplacian. One fixed kernel, so the export sees a plain convolution with a constant.
_BLUR = ((1.0, 2.0, 1.0), (2.0, 4.0, 2.0), (1.0, 2.0, 1.0))


class Streams(NamedTuple):
    """A video taken apart; the two add up to the video."""

    laplacian: Float[Tensor, "b t c h w"]
    residual: Float[Tensor, "b t c h w"]


def decompose(video: Float[Tensor, "b t c h w"]) -> Streams:
    """Splits every frame into its high frequencies (edges, texture) and the rest (shapes).

    laplacian = video ∗ K, K = δ − (1 2 1)ᵀ(1 2 1)/16, borders repeated: a constant frame has
    Laplacian 0 everywhere; residual = video − laplacian (Burt and Adelson 1983, one level).
    """
    height, width = video.shape[-2:]
    kernel = -torch.tensor(_BLUR, dtype=video.dtype, device=video.device) / 16
    kernel[1, 1] += 1
    planes = video.reshape(-1, 1, height, width)
    padded = functional.pad(planes, (1, 1, 1, 1), mode="replicate")
    laplacian = functional.conv2d(padded, kernel[None, None]).reshape(video.shape)
    return Streams(laplacian, video - laplacian)
