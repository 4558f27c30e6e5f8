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
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.objectives import local_losses, patch_labels

WINDOWS = 8
STACKS = 48


def held_out_batch(clips: Sequence[Clip], frames: int) -> Batch:
    """The same batch every time: windows and edited stacks of held-out clips, not augmented."""
    plain = Augmentation(rotation=0.0, brightness=0.0, noise=0.0)
    settings = LoaderSettings(frames, WINDOWS, STACKS, cold=0.0, seed=0, augmentation=plain)
    return Loader(clips, settings).batch(0)


@torch.no_grad()
def evaluate(network: OcrGanVideo, batch: Batch) -> dict[str, float]:
    """Losses of a network in evaluation mode.

    `context` steers the learning rate; `local_auc` is the chance that the local discriminator
    ranks an edited patch above a normal one: 0.5 knows nothing.
    """
    found = {"context": _context(network, batch.windows)}
    if network.local_discriminator is not None:
        local = local_losses(network, batch)
        found |= {"local_normal": local.normal.item(), "local_pseudo": local.pseudo.item()}
        found["local_auc"] = _local_auc(network, batch)
    return found


def _context(network: OcrGanVideo, windows: Tensor) -> float:
    lead_in = network.config.lead_in
    each = [
        losses.context(network.reconstruct(window).fake[:, lead_in:], window[:, lead_in:])
        for window in torch.split(network.reduce(windows), 1)
    ]
    return torch.stack(each).mean().item()


def _local_auc(network: OcrGanVideo, batch: Batch) -> float:
    logits = network.patch_logits(batch.stacks)
    anomalous, normal = patch_labels(batch.strength, batch.touched, logits.shape[-2:])
    labelled = (anomalous + normal) > 0
    labels = anomalous[labelled].cpu().numpy()
    if labels.min(initial=1) == labels.max(initial=0):
        return 0.5
    return float(roc_auc_score(labels, -logits[labelled].cpu().numpy()))
