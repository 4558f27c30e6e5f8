"""A data set in a folder, in whatever layout: clips, the rate they were recorded at, labels, masks.

`published.open_data_folder` finds the layout.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import DataError
from ocrgan_edge.video.clips import check_frame_count
from ocrgan_edge.video.open_source import open_source

Labels = NDArray[np.bool_]
"""(frames,), True where abnormal."""
Masks = NDArray[np.bool_]
"""(frames, H, W), True where abnormal, at the recording's own size."""


class DataFolder(ABC):
    """A data set on disk."""

    layout: ClassVar[str]
    """The layout's name."""

    frames_per_second: ClassVar[float | None] = None
    """Rate of all recordings; None where every clip says its own."""

    def __init__(self, folder: Path) -> None:
        """Takes a folder that `recognises` has seen."""
        self.folder = folder

    @classmethod
    @abstractmethod
    def recognises(cls, folder: Path) -> bool:
        """Whether a folder has this layout."""

    @abstractmethod
    def training(self) -> dict[str, Path]:
        """The clips of normal life, by name. Raises DataError where there are none."""

    @abstractmethod
    def test(self) -> dict[str, Path]:
        """The labelled clips, by name; may be empty."""

    @property
    @abstractmethod
    def has_labels(self) -> bool:
        """Whether there are labels at all."""

    @abstractmethod
    def labels(self) -> dict[str, Labels]:
        """Labels of every test clip.

        Raises:
            DataError: they are missing, broken, or for another number of frames than their clip.
        """

    @abstractmethod
    def masks(self) -> Mapping[str, Masks]:
        """Masks of the test clips that have some; each is read when it is asked for."""


class LazyMasks(Mapping[str, Any]):
    """Masks by clip, read when they are asked for: all together they may not fit in memory."""

    def __init__(self, readers: Mapping[str, Callable[[], Masks]]) -> None:
        """Takes what reads each clip's masks."""
        self._readers = dict(readers)

    def __getitem__(self, clip: str) -> Masks:
        """One clip's masks. Raises KeyError for a clip without, DataError for broken ones."""
        return self._readers[clip]()

    def __iter__(self) -> Iterator[str]:
        """Names of the clips that have masks."""
        return iter(self._readers)

    def __len__(self) -> int:
        """How many clips have masks."""
        return len(self._readers)


def check_count(clip: str, path: Path, what: str, count: int) -> None:
    """Refuses labels or masks of another length than their clip.

    A video's header may promise a wrong number of frames: where it differs, they are decoded and
    counted.

    Raises:
        DataError: the message names the clip and both counts.
    """
    with closing(open_source(str(path))) as source:
        frames = source.length
        if frames != count:
            frames = sum(1 for _ in iter(source.read, None))
    check_frame_count(clip, frames, what, count)


def check_same_clips(what: str, found: Mapping[str, object], clips: Mapping[str, Path]) -> None:
    """Refuses labels that are missing for a clip, or are for one that is not there.

    Raises:
        DataError: the message names the first such clip.
    """
    missing = sorted(clips.keys() - found.keys())
    if missing:
        raise DataError(f"clip {missing[0]!r} ({clips[missing[0]]}) has no labels in {what}")
    unknown = sorted(found.keys() - clips.keys())
    if unknown:
        raise DataError(f"{what} has labels for {unknown[0]!r}, but there is no such clip")


def read_mask(path: Path) -> NDArray[np.bool_]:
    """(H, W) of a picture: True where it is not black.

    Raises:
        DataError: it cannot be decoded.
    """
    data = np.fromfile(path, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    if image is None:
        raise DataError(f"mask {path} cannot be decoded: it is broken or no picture")
    return np.asarray(image > 0, np.bool_)


def load_array(path: Path, axes: int) -> NDArray[np.bool_]:
    """A .npy file as truth values.

    Raises:
        DataError: it is missing, broken, or has not `axes` axes.
    """
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path} cannot be read ({error})") from error
    if found.ndim != axes:
        raise DataError(f"{path} has shape {found.shape}, but {axes} axes are wanted")
    return np.asarray(found != 0, np.bool_)
