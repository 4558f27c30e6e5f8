"""A data set on disk: clips by name, labels, masks.

DIR/train/<clip>   normal only       <clip> is a video file, or a folder of frames
DIR/test/<clip>    normal and abnormal
DIR/labels.json    {"<clip's name>": [0, 1, …]}, one value per frame
DIR/masks.npz      optional: clip's name → bool (frames, H, W)
DIR/clips.json     optional: the rate of folders of frames (`recorded_rate`), 10/s without it
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import DataError

VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm")
LABELS = "labels.json"
MASKS = "masks.npz"
GROUND_TRUTH = "_gt"
"""Ending of the published data sets' folders of masks, which lie among the clips."""


def list_clips(folder: Path) -> dict[str, Path]:
    """The clips of a folder by name (without extension), in the names' order.

    Raises:
        DataError: the folder is missing or has no clips, or two clips have one name.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder of clips at {folder}")
    clips: dict[str, Path] = {}
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if not _is_clip(path):
            continue
        name = path.name if path.is_dir() else path.stem
        if name in clips:
            raise DataError(f"clip {name!r} is there twice: {clips[name]} and {path}")
        clips[name] = path
    if not clips:
        raise DataError(f"{folder} has no clips: neither video files nor folders of frames")
    return dict(sorted(clips.items()))


def load_labels(folder: Path) -> dict[str, NDArray[np.bool_]]:
    """Labels per test clip, (frames,), True where abnormal.

    Raises:
        DataError: the file is missing or no labels, or it and the test clips name different clips.
    """
    path = folder / LABELS
    try:
        fields = json.loads(path.read_text())
    except FileNotFoundError:
        raise DataError(f"there are no labels at {path}") from None
    except ValueError as error:
        raise DataError(f"{path} is not JSON ({error})") from error
    if not isinstance(fields, dict):
        raise DataError(f"{path} must hold an object: clip's name → list of 0 and 1")
    labels = {name: _label_values(path, name, fields[name]) for name in sorted(fields)}
    _check_names(path, labels, list_clips(folder / "test"))
    return labels


class Masks(Mapping[str, NDArray[np.bool_]]):
    """Pixel masks per clip, (frames, H, W): each read when it is asked for."""

    def __init__(self, path: Path) -> None:
        """Reads which clips have masks.

        Raises:
            DataError: the file cannot be read.
        """
        self._path = path
        try:
            with np.load(path, allow_pickle=False) as archive:
                self._names = tuple(sorted(archive.files))
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"masks {path} cannot be read ({error})") from error

    def __getitem__(self, clip: str) -> NDArray[np.bool_]:
        """One clip's masks.

        Raises:
            KeyError: the clip has none.
            DataError: what the file has is not (frames, H, W).
        """
        if clip not in self._names:
            raise KeyError(clip)
        with np.load(self._path, allow_pickle=False) as archive:
            masks = np.asarray(archive[clip])
        if masks.ndim != 3:
            raise DataError(f"masks {self._path}: {clip} has shape {masks.shape}, not (frames,H,W)")
        return masks.astype(np.bool_)

    def __iter__(self) -> Iterator[str]:
        """Names of the clips that have masks."""
        return iter(self._names)

    def __len__(self) -> int:
        """How many clips have masks."""
        return len(self._names)


def load_masks(folder: Path) -> Mapping[str, NDArray[np.bool_]]:
    """Pixel masks of the test clips; empty where the data set has none.

    Raises:
        DataError: the file cannot be read, or it names a clip that is not there.
    """
    path = folder / MASKS
    if not path.exists():
        return {}
    masks = Masks(path)
    unknown = set(masks) - set(list_clips(folder / "test"))
    if unknown:
        raise DataError(f"{path} has masks of {min(unknown)!r}, which is no clip of {folder}/test")
    return masks


def check_frame_count(clip: str, frames: int, what: str, count: int) -> None:
    """Refuses labels or masks of another length than their clip.

    Raises:
        DataError: the message names the clip and both counts.
    """
    if frames != count:
        raise DataError(f"clip {clip} has {frames} frames, but its {what} are for {count}")


def _is_clip(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    if path.is_dir():
        return not path.name.endswith(GROUND_TRUTH)
    return path.suffix.lower() in VIDEO_SUFFIXES


def _label_values(path: Path, clip: str, values: object) -> NDArray[np.bool_]:
    if not isinstance(values, list) or not values or any(value not in (0, 1) for value in values):
        raise DataError(f"{path}: the labels of {clip!r} must be a list of 0 and 1, one per frame")
    return np.array(values, np.bool_)


def _check_names(path: Path, labels: Mapping[str, object], clips: Mapping[str, Path]) -> None:
    differing = sorted(labels.keys() ^ clips.keys())
    if not differing:
        return
    name = differing[0]
    if name in clips:
        raise DataError(f"{path} has no labels for clip {name!r} ({clips[name]})")
    raise DataError(f"{path} has labels for {name!r}, which is no clip of {path.parent}/test")
