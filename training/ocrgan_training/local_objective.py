"""What the local discriminator is trained for: edited stacks in, named losses out."""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ocrgan_training import losses, processes
from ocrgan_training.data.loader import Batch
from ocrgan_training.fused_graph import around
from ocrgan_training.losses import LocalLosses
from ocrgan_training.network.ocr_gan_video import OcrGanVideo

ANOMALOUS = 0.4
"""A patch is labelled anomalous where an edit fills it more strongly than this …"""
UNTOUCHED = 0.05
"""… and normal where it is touched less than this; what lies between has no label."""
PEAK = 4
"""Places whose mean is a stack's peak: one alone would be all that a step learns from."""


class LocalWeights(NamedTuple):
    """What each term counts; that of anomalous patches counts 1."""

    normal: float = 1.0
    ranking: float = 1.0


PLAIN = LocalWeights()


class Taught(NamedTuple):
    """What a teacher says about the same stacks."""

    logits: Float[Tensor, "M h w"]
    """On its own grid."""
    weight: float = 1.0
    """Of its part in the total."""


class Peaks(NamedTuple):
    """What a score would look at: the largest evidence in each stack, by label."""

    edited: Float[Tensor, " M"]
    """Where the stack is anomalous."""
    normal: Float[Tensor, " M"]
    """Where it is normal."""
    has_edited: Float[Tensor, " M"]
    """1 where anything is anomalous in it, else 0 and `edited` means nothing."""
    has_normal: Float[Tensor, " M"]
    """The same of `normal`."""


def local_losses(
    network: OcrGanVideo,
    batch: Batch,
    weights: LocalWeights = PLAIN,
    taught: Taught | None = None,
) -> LocalLosses:
    """BCE(D(normal), 1) + BCE(D(pseudo-anomalous), 0) per patch, and a ranking of whole stacks.

    Each class is averaged by itself, because anomalous patches are rare. The ranking says what
    the score asks for: a score is the largest evidence anywhere, so what is wrong in one stack
    has to stand above the most suspicious normal place of every other, and most patches, which
    are easy, do not matter. A teacher's part is huber(logit − the teacher's), d²/2 up to 1 and
    |d| − 1/2 beyond, mean over patches.
    """
    logits = network.patch_logits(batch.stacks).to(batch.stacks.dtype)
    anomalous, normal = patch_labels(batch.strength, batch.touched, logits.shape[-2:])
    normal_loss = masked(network, logits, 1.0, normal)
    pseudo_loss = masked(network, logits, 0.0, anomalous)
    peaks = peaks_of(logits, anomalous, normal)
    if network.training:
        peaks = Peaks(*(processes.gathered(each) for each in peaks))
    ranking = losses.ranking(peaks.edited[peaks.has_edited > 0], peaks.normal[peaks.has_normal > 0])
    total = weights.normal * normal_loss + pseudo_loss + weights.ranking * ranking
    teacher = logits.new_zeros(())
    if taught is not None:
        wanted = resized(taught.logits[:, None], (logits.shape[-2], logits.shape[-1]))
        teacher = functional.smooth_l1_loss(logits, wanted.squeeze(1))
        total = total + taught.weight * teacher
    return LocalLosses(total, normal_loss, pseudo_loss, ranking, teacher)


def resized(images: Float[Tensor, "N C _ _"], size: tuple[int, int]) -> Float[Tensor, "N C _ _"]:
    """Bilinear; smoothed before where it becomes smaller."""
    if images.shape[-2:] == size:
        return images
    return functional.interpolate(images, size, mode="bilinear", antialias=True)


def patch_labels(
    strength: Float[Tensor, "M H W"],
    touched: Float[Tensor, "M H W"],
    size: tuple[int, ...],
) -> tuple[Float[Tensor, "M h w"], Float[Tensor, "M h w"]]:
    """Which patches of a grid (h, w) are anomalous and which are normal: 1 or 0 each.

    A patch is anomalous where the mean of its average and its largest strength is above 0.4, so
    that a small thing in a large patch counts too; it is normal where it is touched nowhere. The
    soft edge between has no label.
    """
    grid = (size[0], size[1])
    mean = functional.adaptive_avg_pool2d(strength[:, None], grid)
    most = functional.adaptive_max_pool2d(strength[:, None], grid)
    anomalous = (mean + most) / 2 > ANOMALOUS
    edge = functional.adaptive_max_pool2d(touched[:, None], grid) > UNTOUCHED
    kind = strength.dtype
    return anomalous.squeeze(1).to(kind), (~(edge | anomalous)).squeeze(1).to(kind)


def peaks_of(
    logits: Float[Tensor, "M h w"],
    anomalous: Float[Tensor, "M h w"],
    normal: Float[Tensor, "M h w"],
) -> Peaks:
    """Mean of each stack's 4 largest evidences by label, each averaged over 3×3 as in the score.

    Args:
        logits: of the local discriminator; evidence is softplus(−logit).
        anomalous: 1 or 0, as `patch_labels` gives them.
        normal: the same of normal patches.
    """
    evidence = around(functional.softplus(-logits))
    edited, has_edited = _peak(evidence, anomalous)
    usual, has_normal = _peak(evidence, normal)
    return Peaks(edited, usual, has_edited, has_normal)


def _peak(evidence: Tensor, where: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of the largest values of (M, h, w) `where` it is 1: (M,); and 1 where there are any."""
    inside = where.flatten(1) > 0
    most = min(PEAK, inside.shape[1])
    largest = evidence.flatten(1).masked_fill(~inside, -1.0).topk(most, 1).values
    found = largest >= 0  # evidence is
    count = found.sum(1)
    return (largest * found).sum(1) / count.clamp_min(1), (count > 0).to(evidence.dtype)


def masked(network: OcrGanVideo, logits: Tensor, target: float, where: Tensor) -> Tensor:
    """`masked_adversarial` over the places of all processes, which a network in training shares."""
    if not network.training or processes.count() == 1:
        return losses.masked_adversarial(logits, target, where)
    places = processes.total(where.sum()).clamp_min(1.0)
    return losses.masked_adversarial(logits, target, where, places / processes.count())
