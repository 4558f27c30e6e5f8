"""Recordings that tests write themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_edge.video.quiet import quiet_opencv

Record = Callable[..., Path]


def numbered(count: int, height: int = 24, width: int = 32) -> list[NDArray[np.uint8]]:
    """Pictures that say their number: frame i is gray with value 5·i."""
    return [np.full((height, width, 3), 5 * i, np.uint8) for i in range(count)]


def number_of(image: NDArray[np.uint8]) -> int:
    """Which of the numbered pictures this is."""
    return round(float(image.mean()) / 5)


@pytest.fixture
def pictures() -> Callable[..., list[NDArray[np.uint8]]]:
    """`pictures(count, height=24, width=32)`: frame i is gray with value 5·i."""
    return numbered


@pytest.fixture
def number() -> Callable[[NDArray[np.uint8]], int]:
    """Which of the numbered pictures an image is."""
    return number_of


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """`record(name, images, rate)`: a lossless video file."""

    def write(name: str, images: Sequence[NDArray[np.uint8]], rate: float = 10.0) -> Path:
        quiet_opencv()
        path = tmp_path / name
        height, width = images[0].shape[:2]
        codec = cv2.VideoWriter.fourcc(*"FFV1")
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, codec, rate, (width, height))
        for image in images:
            writer.write(image)
        writer.release()
        return path

    return write
