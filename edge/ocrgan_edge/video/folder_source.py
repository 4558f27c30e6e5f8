"""A folder of pictures, as data sets are published."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.quiet import quiet_opencv
from ocrgan_edge.video.recorded_rate import recorded_rate

PICTURE_SUFFIXES = (".jpeg", ".jpg", ".png", ".tif", ".tiff")
DEFAULT_RATE = 10.0
"""Frames per second of a folder: pictures do not say."""


class FolderSource:
    """Pictures of a folder, sorted by name; implements `Source`."""

    live = False

    def __init__(self, folder: Path, frames_per_second: float | None = None) -> None:
        """Lists the pictures.

        Args:
            folder: tif, png or jpg files; others, and hidden files, are left alone.
            frames_per_second: at which they were taken; if not given, what clips.json says of them,
                and `DEFAULT_RATE` if that says nothing either.

        Raises:
            SourceError: the folder has no pictures, or clips.json is broken.
        """
        quiet_opencv()
        self.name = str(folder)
        self.frames_per_second = frames_per_second or recorded_rate(folder) or DEFAULT_RATE
        self._paths = sorted(path for path in folder.iterdir() if _is_picture(path))
        if not self._paths:
            raise SourceError(f"folder {folder} has no frames: tif, png or jpg files")
        self.length: int | None = len(self._paths)
        self._index = 0
        self._shape: tuple[int, ...] | None = None

    def read(self) -> Frame | None:
        """The next picture, or None after the last.

        Raises:
            SourceError: a picture cannot be decoded, has not 8 bits per channel, or is not as
                large as the first; the message names it.
        """
        if self._index >= len(self._paths):
            return None
        path = self._paths[self._index]
        image = _read_picture(path)
        self._shape = self._shape or image.shape
        if image.shape != self._shape:
            raise SourceError(
                f"frame {path} is {_size(image.shape)}, but the first one is {_size(self._shape)}"
            )
        frame = Frame(image, self._index, self._index / self.frames_per_second)
        self._index += 1
        return frame

    def skip(self, frames: int) -> None:
        """Passes over pictures without reading them."""
        self._index += frames

    def close(self) -> None:
        """Ends the reading."""
        self._paths = []


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")


def _read_picture(path: Path) -> NDArray[np.uint8]:
    try:
        data = np.fromfile(path, np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    except (OSError, cv2.error) as error:
        raise SourceError(f"frame {path} cannot be read ({error})") from error
    if image is None:
        raise SourceError(f"frame {path} cannot be decoded: it is broken or no picture")
    if image.dtype != np.uint8:
        raise SourceError(f"frame {path} has {image.dtype} pixels, but 8 bits are wanted")
    return _three_channels(np.asarray(image, np.uint8))


def _three_channels(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.ndim == 2 or image.shape[2] == 1:
        return np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
    return image[..., :3]  # without transparency


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]}"
