"""What can be said about a picture at a glance, and how two glances are compared.

A picture is looked at in 8×6 blocks. Blocks are compared by correlation and their detail by a
ratio, so that a change of light is no change of the scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WIDTH, HEIGHT = 160, 120
COLUMNS, ROWS = 8, 6
FINE = 2
"""Edges are measured at twice the size: blur shows there first."""


@dataclass(frozen=True, eq=False)
class Look:
    """A picture at a glance."""

    gray: Floats
    """(120, 160), levels 0 … 255."""
    grain: NDArray[np.uint8]
    """(120, 160) single pixels, where the noise of a living picture shows."""
    edges: Floats
    """(6, 8) mean gradient per block."""
    detail: Floats
    """(6, 8) mean curvature (Laplacian) per block: what blur takes away first."""

    @property
    def mean(self) -> float:
        """Level of the whole picture."""
        return float(self.gray.mean())

    @property
    def spread(self) -> float:
        """Standard deviation over the whole picture, in levels."""
        return float(self.gray.std())


def look(image: NDArray[np.uint8]) -> Look:
    """Looks at a picture (H, W, 3), blue-green-red, of any size."""
    height, width = image.shape[:2]
    step = max(1, min(height // (4 * HEIGHT), width // (4 * WIDTH)))
    if step > 1:
        few = (width // step, height // step)
        image = np.asarray(cv2.resize(image, few, interpolation=cv2.INTER_NEAREST), np.uint8)
    light = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    fine = cv2.resize(light, (FINE * WIDTH, FINE * HEIGHT), interpolation=cv2.INTER_AREA)
    size = (WIDTH, HEIGHT)
    across, down = cv2.Sobel(fine, cv2.CV_32F, 1, 0), cv2.Sobel(fine, cv2.CV_32F, 0, 1)
    curvature = cv2.Laplacian(fine, cv2.CV_32F, ksize=3)
    return Look(
        gray=_floats(cv2.resize(fine, size, interpolation=cv2.INTER_AREA)),
        grain=np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_NEAREST), np.uint8),
        edges=per_block(_floats(np.abs(across) + np.abs(down))),
        detail=per_block(_floats(np.abs(curvature))),
    )


def per_block(values: Floats) -> Floats:
    """Mean of each block (6, 8)."""
    return _floats(cv2.resize(values, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA))


def spread_per_block(gray: Floats) -> Floats:
    """Standard deviation within each block (6, 8)."""
    return _floats(np.sqrt(np.maximum(per_block(gray * gray) - per_block(gray) ** 2, 0)))


def likeness(one: Floats, other: Floats) -> Floats:
    """Correlation within each block (6, 8), −1 … 1; 0 where a block is uniform."""
    together = per_block(one * other) - per_block(one) * per_block(other)
    apart = spread_per_block(one) * spread_per_block(other)
    return _floats(together / np.maximum(apart, 1))  # 1 is less than any texture


def shift(one: Floats, other: Floats) -> tuple[float, float]:
    """How far the other picture is moved, in pixels to the right and down, by phase correlation."""
    # Copies, for OpenCV multiplies what it is given by the window, in place.
    (right, down), _ = cv2.phaseCorrelate(one.copy(), other.copy(), _window())
    return right, down


def moved(gray: Floats, right: float, down: float) -> Floats:
    """The picture moved by so many pixels; its rim repeats itself."""
    move = np.array([[1, 0, right], [0, 1, down]], np.float32)
    border = cv2.BORDER_REPLICATE
    return _floats(cv2.warpAffine(gray, move, (WIDTH, HEIGHT), borderMode=border))


@cache
def _window() -> Floats:
    return _floats(cv2.createHanningWindow((WIDTH, HEIGHT), cv2.CV_32F))


def _floats(values: NDArray[np.generic]) -> Floats:
    return np.asarray(values, np.float32)
