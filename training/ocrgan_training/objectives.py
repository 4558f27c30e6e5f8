"""What frame discriminator and generator are trained for: a batch in, named losses out."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ocrgan_training import losses
from ocrgan_training.data.loader import Batch
from ocrgan_training.local_objective import masked, patch_labels
from ocrgan_training.losses import DiscriminatorLosses, GeneratorLosses, LossWeights
from ocrgan_training.network.discriminator import BasicDiscriminator
from ocrgan_training.network.frequency import decompose
from ocrgan_training.network.ocr_gan_video import OcrGanVideo, Reconstruction


class Shown(NamedTuple):
    """What the frame discriminator is shown."""

    real: Float[Tensor, "B T 3 h w"]
    """Windows, reduced."""
    fake: Float[Tensor, "B T 3 h w"]
    """As the generator makes them, detached from it."""
    batch: Batch
    """Edited stacks."""


def discriminator_losses(
    network: OcrGanVideo, shown: Shown, attention_weight: float
) -> DiscriminatorLosses:
    """BCE(D(real), 1) + BCE(D(fake), 0) + BCE(D(pseudo), 0) [+ attention regularisation].

    Real, fake and pseudo-anomalous frames are one batch, so that BatchNorm cannot tell them apart
    by their statistics, and the statistics it keeps are those of what it sees later: real and
    rebuilt frames together. Where the classifier reads features, it also reads the attended ones
    (half of the real and of the fake term): that is what attention over features learns from.
    The pseudo term looks at those patches of the newest frames that show foreign content. Where
    stacks are smaller than windows, a part of their size is taken from every window.

    Args:
        network: in training mode.
        shown: frames of all three kinds.
        attention_weight: of the regularisation, warm-up included; 0 leaves it out.
    """
    batch = shown.batch
    count = shown.real.shape[0] * shown.real.shape[1]
    edited = network.reduce(batch.stacks[:count, -1:])[:, 0]
    real, fake = _same_part(shown.real, shown.fake, (edited.shape[-2], edited.shape[-1]))
    frames = torch.cat([real.flatten(0, 1), fake.flatten(0, 1), edited])
    logits, features = network.discriminator(frames)
    logits = logits.to(real.dtype)
    real_loss = losses.adversarial(logits[:count], 1.0)
    fake_loss = losses.adversarial(logits[count : 2 * count], 0.0)
    attention = real.new_zeros(())
    if network.feature_attention is not None:
        raw = features[: 2 * count].unflatten(0, (-1, real.shape[1]))
        if isinstance(network.discriminator, BasicDiscriminator):
            attended = network.feature_attention(raw).flatten(0, 1)
            again = network.discriminator.classifier(attended).to(real.dtype)
            real_loss = (real_loss + losses.adversarial(again[:count], 1.0)) / 2
            fake_loss = (fake_loss + losses.adversarial(again[count:], 0.0)) / 2
        if attention_weight > 0:
            weights = network.feature_attention.weights(raw.detach())
            attention = losses.attention_regularisation(weights.to(real.dtype))
    anomalous, _ = patch_labels(batch.content[:count], batch.touched[:count], logits.shape[-2:])
    pseudo = masked(network, logits[2 * count :], 0.0, anomalous)
    total = real_loss + fake_loss + pseudo + attention_weight * attention
    return DiscriminatorLosses(total, real_loss, fake_loss, pseudo, attention)


def _same_part(real: Tensor, fake: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """A part (h, w) of both windows at the same random place; all of them where that is all."""
    rows, columns = (
        slice(start, start + part)
        for whole, part in zip(real.shape[-2:], size, strict=True)
        for start in [int(torch.randint(whole - part + 1, ())) if whole > part else 0]
    )
    return real[..., rows, columns], fake[..., rows, columns]


def generator_losses(
    network: OcrGanVideo,
    real: Float[Tensor, "B T 3 H W"],
    rebuilt: Reconstruction,
    weights: LossWeights,
    warm_up: float,
) -> GeneratorLosses:
    """The weighted sum of section 6 of the method: adversarial, context, latent, temporal.

    Both streams are also compared apart. Real and rebuilt frames go through the discriminator as
    one batch, as in its own update and as when scoring.

    Args:
        network: in training mode; its discriminator gets gradients, which the caller drops.
        real: pixels in -1 … 1.
        rebuilt: of `real`, with the generator's graph.
        weights: of each term.
        warm_up: factor of the temporal terms, 0 … 1.
    """
    fake = rebuilt.fake
    laplacian, residual = decompose(real)
    seen = network.features(torch.cat([real, fake]))
    real_features, fake_features = seen.attended.to(real.dtype).chunk(2)
    found = {
        "adversarial": losses.adversarial(seen.logits.to(real.dtype).chunk(2)[1], 1.0),
        "context": losses.context(fake, real),
        "streams": losses.context(rebuilt.fake_laplacian, laplacian)
        + losses.context(rebuilt.fake_residual, residual),
        "latent": losses.latent(fake_features, real_features.detach()),
        "consistency": losses.consistency(fake, real),
        "smoothness": losses.smoothness(fake) if weights.smoothness else real.new_zeros(()),
        "feature_consistency": losses.feature_consistency(fake_features),
        "motion": losses.motion(fake, real),
    }
    temporal = {"consistency", "smoothness", "feature_consistency", "motion"}
    total = sum(
        getattr(weights, name) * (warm_up if name in temporal else 1.0) * value
        for name, value in found.items()
    )
    return GeneratorLosses(total=torch.as_tensor(total), **found)
