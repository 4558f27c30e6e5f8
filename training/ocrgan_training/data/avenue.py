"""CUHK Avenue as published (Lu, Shi & Jia 2013).

DIR/training_videos/01.avi  DIR/testing_videos/01.avi  and, from the second download, the masks
DIR/testing_label_mask/1_label.mat (also below DIR/ground_truth_demo): `volLabel`, a cell per frame.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from ocrgan_edge.errors import DataError
from ocrgan_edge.video.clips import list_clips
from ocrgan_training.data.data_folder import (
    DataFolder,
    Labels,
    LazyMasks,
    Masks,
    check_count,
    check_same_clips,
)

MASKS = "testing_label_mask"
PLACES = (MASKS, f"ground_truth_demo/{MASKS}", f"ground_truth_demo/ground_truth_demo/{MASKS}")
"""Where unpacking puts the masks."""
ENDING = "_label"
BROKEN = (MatReadError, zlib.error, OSError, ValueError, TypeError, NotImplementedError)
"""What scipy says to files that are broken, or MATLAB's of version 7.3 (HDF5)."""


class AvenueFolder(DataFolder):
    """`Avenue Dataset`."""

    layout = "avenue"
    frames_per_second = 25.0

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """There is a folder training_videos."""
        return (folder / "training_videos").is_dir()

    def training(self) -> dict[str, Path]:
        """The videos 01 … 16."""
        return list_clips(self.folder / "training_videos")

    def test(self) -> dict[str, Path]:
        """The videos 01 … 21."""
        folder = self.folder / "testing_videos"
        return list_clips(folder) if folder.is_dir() else {}

    @property
    def has_labels(self) -> bool:
        """Whether the masks are there: labels come from nothing else."""
        return any((self.folder / place).is_dir() for place in PLACES)

    def labels(self) -> dict[str, Labels]:
        """A frame is abnormal where its mask is not empty."""
        return {name: masks.any(axis=(1, 2)) for name, masks in self.masks().items()}

    def masks(self) -> LazyMasks:
        """Of every clip."""
        folder = next(
            (self.folder / place for place in PLACES if (self.folder / place).is_dir()), None
        )
        if folder is None:
            return LazyMasks({})
        clips = self.test()
        files = _by_clip(folder, clips)
        check_same_clips(str(folder), files, clips)
        return LazyMasks(
            {name: partial(_masks, name, clips[name], files[name]) for name in sorted(clips)}
        )


def _by_clip(folder: Path, clips: Mapping[str, Path]) -> dict[str, Path]:
    """Files by the clip they belong to: 1_label.mat belongs to 01."""
    numbers = {int(name): name for name in clips if name.isdigit()}
    files: dict[str, Path] = {}
    for path in sorted(folder.glob(f"*{ENDING}.mat")):
        number = path.stem.removesuffix(ENDING)
        name = numbers.get(int(number)) if number.isdigit() else None
        files[name or number] = path
    return files


def _masks(clip: str, path: Path, file: Path) -> Masks:
    try:
        cells = loadmat(file, variable_names=["volLabel"])["volLabel"]
        masks = np.stack([np.asarray(cell) != 0 for cell in np.asarray(cells).ravel()])
    except KeyError:
        raise DataError(f"masks {file} have no variable volLabel") from None
    except BROKEN as error:
        raise DataError(f"masks {file} cannot be read ({error})") from error
    if masks.ndim != 3:
        raise DataError(f"masks {file}: volLabel must hold one (H, W) array per frame")
    check_count(clip, path, "masks", len(masks))
    return masks
