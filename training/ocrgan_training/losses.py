"""Every loss of the method as a free function; values and weights are added up in `step`.

Pixels are in -1 … 1. `video` is (B, T, 3, H, W), `features` (B, T, C, h, w), logits have any shape.
All results are scalars; a mean is over every element unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

Scalar = Float[Tensor, ""]
Video = Float[Tensor, "B T 3 H W"]
Features = Float[Tensor, "B T C h w"]


@dataclass(frozen=True)
class LossWeights:
    """What each term counts in the generator's loss."""

    adversarial: float = 1.0
    context: float = 50.0
    streams: float = 25.0
    """Both streams apart: if only their sum were asked for, neither error would mean anything."""
    latent: float = 1.0
    consistency: float = 0.1
    smoothness: float = 0.0
    """The plain form, which also punishes motion that is real; off by default."""
    feature_consistency: float = 0.05
    motion: float = 0.05
    attention: float = 0.01


class GeneratorLosses(NamedTuple):
    """The generator's terms before weighting, and their weighted sum."""

    total: Tensor
    adversarial: Tensor
    context: Tensor
    streams: Tensor
    latent: Tensor
    consistency: Tensor
    smoothness: Tensor
    feature_consistency: Tensor
    motion: Tensor


class DiscriminatorLosses(NamedTuple):
    """The frame discriminator's terms and their sum."""

    total: Tensor
    real: Tensor
    fake: Tensor
    pseudo: Tensor
    attention: Tensor


class LocalLosses(NamedTuple):
    """The local discriminator's two classes, their ranking, a teacher's part, the weighted sum."""

    total: Tensor
    normal: Tensor
    pseudo: Tensor
    ranking: Tensor
    teacher: Tensor
    """0 without one."""


def adversarial(logits: Float[Tensor, "*shape"], target: float) -> Scalar:
    """Binary cross-entropy of logits with one label: 1 for real, 0 for fake.

    mean(softplus(logit) − target·logit)  (Goodfellow et al. 2014, non-saturating for target 1).
    """
    return functional.softplus(logits).mean() - target * logits.mean()


def masked_adversarial(
    logits: Float[Tensor, "*shape"],
    target: float,
    where: Float[Tensor, "*shape"],
    share: Scalar | None = None,
) -> Scalar:
    """`adversarial` over the places where `where` is above 0, weighted by it; 0 without any.

    `share`: what the sum is divided by, if not by that of `where`, so that the mean of several
    processes' losses is the loss of all their places.
    """
    each = functional.softplus(logits) - target * logits
    return (each * where).sum() / (where.sum().clamp_min(1.0) if share is None else share)


def ranking(anomalous: Float[Tensor, " A"], normal: Float[Tensor, " N"]) -> Scalar:
    """Mean over all pairs of softplus(1 − (anomalous − normal)); 0 without any pair.

    A pairwise surrogate of 1 − AUC: the logistic loss of the difference (Burges et al. 2005,
    RankNet), asked to be 1 and not only above 0.
    """
    apart = anomalous[:, None] - normal[None, :]
    return functional.softplus(1 - apart).sum() / max(1, apart.numel())


def context(fake: Video, real: Video) -> Scalar:
    """Reconstruction: mean |fake − real|."""
    return functional.l1_loss(fake, real)


def latent(fake: Features, real: Features) -> Scalar:
    """Feature matching: mean (fake − real)² of attended features (Akçay et al. 2018)."""
    return functional.mse_loss(fake, real)


def consistency(fake: Video, real: Video) -> Scalar:
    """Mean |Δfake − Δreal| with Δx[t] = x[t+1] − x[t]: what moves must move alike."""
    return functional.l1_loss(fake.diff(dim=1), real.diff(dim=1))


def smoothness(fake: Video) -> Scalar:
    """Mean |fake[t+1] − fake[t]|."""
    return fake.diff(dim=1).abs().mean()


def feature_consistency(features: Features) -> Scalar:
    """Mean 1 − cos(f[t], f[t+1]), the cosine over channels at each place; 0 … 2."""
    return 1 - functional.cosine_similarity(features[:, :-1], features[:, 1:], dim=2).mean()


def motion(fake: Video, real: Video) -> Scalar:
    """Mean |S(|Δfake|) − S(|Δreal|)|, S the Sobel magnitude √(Gx² + Gy² + 1e-8).

    Δx is the difference of neighbouring frames; the kernels' sums are 8, borders repeat.
    """
    return functional.l1_loss(_edges_of_motion(fake), _edges_of_motion(real))


def _edges_of_motion(video: Tensor) -> Tensor:
    change = video.diff(dim=1).abs().flatten(0, 1)
    return sobel_magnitude(change)


def sobel_magnitude(image: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
    """√(Gx² + Gy² + 1e-8) per channel, borders repeated; the kernels are taken apart by axis."""
    padded = functional.pad(image, (1, 1, 1, 1), mode="replicate")
    down = padded[..., :-2, :] + 2 * padded[..., 1:-1, :] + padded[..., 2:, :]
    across = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    horizontal = down[..., 2:] - down[..., :-2]
    vertical = across[..., 2:, :] - across[..., :-2, :]
    return (horizontal.square() + vertical.square() + 1e-8).sqrt()


def attention_regularisation(weights: Float[Tensor, "... T T"]) -> Scalar:
    """0.01 · (−entropy) + 0.005 · Σ A², means over the rows of A (which sum to 1).

    Smallest where a frame looks at all frames alike: no frame may be looked at alone.
    """
    entropy = -(weights * weights.clamp_min(1e-12).log()).sum(-1).mean()
    energy = weights.square().sum(-1).mean()
    return 0.005 * energy - 0.01 * entropy


def warm_up(epoch: float, length: float = 20.0) -> float:
    """min(1, epoch / length): what the temporal terms are multiplied by."""
    return min(1.0, epoch / length)


def is_finite(values: tuple[Tensor, ...]) -> bool:
    """True where no value is NaN or infinite."""
    return bool(torch.isfinite(torch.stack([value.detach() for value in values])).all())
