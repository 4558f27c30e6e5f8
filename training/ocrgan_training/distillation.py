"""Trained networks teach another: the student's patch logits come near to their mean.

Logits and not labels, because they also say how normal what is normal is (Ba and Caruana 2014,
*Do Deep Nets Really Need to be Deep?*, arXiv 1312.6184); of several teachers the mean, because
what only one of them suspects is chance (Hinton et al. 2015, arXiv 1503.02531).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from ocrgan_edge.errors import DataError, SettingsError
from ocrgan_training.checkpoint import CHECKPOINT, load_network
from ocrgan_training.data.clips import fingerprint
from ocrgan_training.engine import Engine
from ocrgan_training.learner import channels_last
from ocrgan_training.local_objective import resized
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import NetworkConfig

PATCH = 8
"""Pixels: what a teacher is shown has whole patches of any local discriminator."""


class Teacher:
    """Gives patch logits of what a student is shown, whatever the sizes of their frames."""

    def __init__(self, network: OcrGanVideo, size: tuple[int, int]) -> None:
        """Takes a network in evaluation mode, and (H,W) of the student's frames."""
        self._network = network
        config = network.config
        self._scale = (config.height / size[0], config.width / size[1])

    @torch.no_grad()
    def __call__(self, stacks: Float[Tensor, "M N 3 H W"]) -> Float[Tensor, "M h w"]:
        """Logits on the teacher's own grid; stacks may be a part of the student's frames."""
        wanted = (self._whole(stacks.shape[-2], 0), self._whole(stacks.shape[-1], 1))
        if wanted != stacks.shape[-2:]:
            images = resized(stacks.flatten(0, 1), wanted)
            stacks = images.reshape(*stacks.shape[:2], *images.shape[1:])
        return self._network.patch_logits(stacks).to(stacks.dtype)

    def _whole(self, pixels: int, side: int) -> int:
        if self._scale[side] == 1:
            return pixels
        return max(PATCH, round(pixels * self._scale[side] / PATCH) * PATCH)


class Teachers:
    """What several say on average, on the first one's grid."""

    def __init__(self, teachers: Sequence[Teacher]) -> None:
        """Takes one or more."""
        self._first, *self._others = teachers

    def __call__(self, stacks: Float[Tensor, "M N 3 H W"]) -> Float[Tensor, "M h w"]:
        """Mean of the teachers' logits."""
        total = self._first(stacks)
        grid = (total.shape[-2], total.shape[-1])
        for teacher in self._others:
            total = total + resized(teacher(stacks)[:, None], grid).squeeze(1)
        return total / (1 + len(self._others))


def open_teachers(
    runs: Sequence[Path], student: NetworkConfig, frames_per_second: float, engine: Engine
) -> Teachers:
    """The averaged networks of runs, for a student; raises what `open_teacher` does."""
    return Teachers([open_teacher(run, student, frames_per_second, engine) for run in runs])


def open_teacher(
    run: Path, student: NetworkConfig, frames_per_second: float, engine: Engine
) -> Teacher:
    """The averaged network of a run, for a student.

    Raises:
        DataError: `run` is no run, or its checkpoint cannot be read.
        SettingsError: one of them has no local discriminator, or their frame rates differ. The
            windows may: a local discriminator looks at the newest 8 frames of any.
    """
    network, info = load_network(run)
    config = network.config
    for whose, one in ((f"the teacher {run}", config), ("the network to be trained", student)):
        if not one.local_discriminator:
            raise SettingsError(f"{whose} has no local discriminator, which is what is taught")
    if info.frames_per_second != frames_per_second:
        raise SettingsError(
            f"the teacher {run} works at {info.frames_per_second:g} frames per second, wanted "
            f"{frames_per_second:g} as the network to be trained"
        )
    network = channels_last(network.to(engine.device, engine.dtype))
    return Teacher(network, (student.height, student.width))


def name_teacher(run: Path) -> dict[str, str]:
    """What run.json says of a teacher: its folder's name and its checkpoint's SHA-256.

    Raises:
        DataError: `run` has no checkpoint.
    """
    checkpoint = run / CHECKPOINT
    if not checkpoint.is_file():
        raise DataError(f"the teacher {run} is no run folder: it has no {CHECKPOINT}")
    return {"run": run.resolve().name, "sha256": fingerprint(checkpoint)}
