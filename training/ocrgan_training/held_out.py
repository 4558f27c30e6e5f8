"""How good the network is on normal clips that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from ocrgan_training import losses
from ocrgan_training.data.augment import Augmentation
from ocrgan_training.data.clips import Clip
from ocrgan_training.data.loader import Batch, Loader, LoaderSettings
from ocrgan_training.data.pseudo_settings import PseudoSettings
from ocrgan_training.local_objective import local_losses, patch_labels, peaks_of
from ocrgan_training.network.ocr_gan_video import OcrGanVideo

WINDOWS = 8
STACKS = 48


def held_out_batch(
    clips: Sequence[Clip], frames: int, pseudo: PseudoSettings | None = None
) -> Batch:
    """The same batch every time: windows and edited stacks of held-out clips, not augmented.

    Args:
        clips: that nothing is trained on.
        frames: of a window.
        pseudo: the edits; those of a scene of usual size if not given.
    """
    settings = LoaderSettings(
        frames,
        WINDOWS,
        STACKS,
        cold=0.0,
        seed=0,
        augmentation=Augmentation(rotation=0.0, brightness=0.0, noise=0.0),
        pseudo=pseudo or PseudoSettings(),
    )
    return Loader(clips, settings).batch(0)


@torch.no_grad()
def evaluate(network: OcrGanVideo, batch: Batch) -> dict[str, float]:
    """Losses of a network in evaluation mode.

    `context` steers the learning rate; `local_auc` is the chance that the local discriminator
    ranks an edited patch above a normal one, and `peak_auc` that it ranks a stack's edited places
    above the most suspicious normal ones of a stack: 0.5 knows nothing. The second is what a
    score is made of; the first nears 1 early.
    """
    found = {"context": _context(network, batch.windows)}
    if network.local_discriminator is not None:
        local = local_losses(network, batch)
        found |= {"local_normal": local.normal.item(), "local_pseudo": local.pseudo.item()}
        found["local_ranking"] = local.ranking.item()
        found |= _aucs(network, batch)
    return found


def _context(network: OcrGanVideo, windows: Tensor) -> float:
    lead_in = network.config.lead_in
    each = [
        losses.context(network.reconstruct(window).fake[:, lead_in:], window[:, lead_in:])
        for window in torch.split(network.reduce(windows), 1)
    ]
    return torch.stack(each).mean().item()


def _aucs(network: OcrGanVideo, batch: Batch) -> dict[str, float]:
    logits = network.patch_logits(batch.stacks)
    anomalous, normal = patch_labels(batch.strength, batch.touched, logits.shape[-2:])
    peaks = peaks_of(logits, anomalous, normal)
    return {
        "local_auc": _auc(-logits[anomalous > 0], -logits[normal > 0]),
        "peak_auc": _auc(peaks.edited[peaks.has_edited > 0], peaks.normal[peaks.has_normal > 0]),
    }


def _auc(anomalous: Tensor, normal: Tensor) -> float:
    if not len(anomalous) or not len(normal):
        return 0.5
    labels = [1] * len(anomalous) + [0] * len(normal)
    return float(roc_auc_score(labels, torch.cat([anomalous, normal]).cpu().numpy()))
