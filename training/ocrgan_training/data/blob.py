"""Where a pseudo-anomaly sits: soft-edged shapes, placed where something moves."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

CELL = 8
"""Pixels along one side of the cells that motion is summed over."""
SOFT = 0.35
"""Share of a blob's radius over which it fades out."""


@dataclass(frozen=True)
class Box:
    """Rows `top` … `top + height`, columns `left` … `left + width`, all within the frame."""

    top: int
    left: int
    height: int
    width: int

    @property
    def cut(self) -> tuple[slice, slice]:
        """Its rows and columns as slices."""
        return (
            slice(self.top, self.top + self.height),
            slice(self.left, self.left + self.width),
        )


def soft_blob(height: int, width: int, random: np.random.Generator) -> NDArray[np.float32]:
    """(height, width) in 0 … 1: a turned ellipse with a wavy outline that fades to 0 at the box."""
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None]
    angle = np.arctan2(rows, columns)
    waves = sum(
        random.uniform(0, 0.12 / k) * np.cos(k * angle + random.uniform(0, 2 * np.pi))
        for k in (2, 3, 4)
    )
    radius = np.sqrt(rows**2 + columns**2) / (0.85 + waves)
    return np.asarray(np.clip((1 - radius) / SOFT, 0, 1), np.float32)


def random_size(
    frame: tuple[int, int], share: tuple[float, float], random: np.random.Generator
) -> tuple[int, int]:
    """Height and width of a blob: log-uniform shares of the frame's height, from thin to wide."""
    low, high = np.log(share)
    height = frame[0] * np.exp(random.uniform(low, high))
    width = height * np.exp(random.uniform(np.log(0.5), np.log(1.8)))
    return (
        int(np.clip(round(height), 4, frame[0])),
        int(np.clip(round(width), 4, frame[1])),
    )


def motion_cells(frames: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Chance of each cell of (T, H, W, 3) to be chosen: how much it changes; sums to 1.

    Noise changes every cell a little, so the quietest half of the cells is the zero.
    """
    first, middle, last = (
        cv2.cvtColor(frames[i], cv2.COLOR_BGR2GRAY) for i in (0, len(frames) // 2, -1)
    )
    change = cv2.max(cv2.absdiff(first, middle), cv2.absdiff(middle, last))
    height, width = change.shape
    grid = (max(1, width // CELL), max(1, height // CELL))
    cells = cv2.resize(change, grid, interpolation=cv2.INTER_AREA).astype(np.float64)
    cells = np.clip(cells - np.median(cells) - 1, 0, None) + 1e-3
    return np.asarray(cells / cells.sum(), np.float64)


def place_box(
    size: tuple[int, int],
    frame: tuple[int, int],
    cells: NDArray[np.float64] | None,
    random: np.random.Generator,
) -> Box:
    """A box of `size` in `frame` around a cell drawn from `cells`, or anywhere without them."""
    if cells is None:
        row, column = random.random(2)
    else:
        cell = random.choice(cells.size, p=cells.ravel())
        row = (cell // cells.shape[1] + random.random()) / cells.shape[0]
        column = (cell % cells.shape[1] + random.random()) / cells.shape[1]
    return box_around((row * frame[0], column * frame[1]), size, frame)


def box_around(centre: tuple[float, float], size: tuple[int, int], frame: tuple[int, int]) -> Box:
    """A box of `size` around `centre` (row, column), shifted to lie within `frame`."""
    top = int(np.clip(round(centre[0] - size[0] / 2), 0, frame[0] - size[0]))
    left = int(np.clip(round(centre[1] - size[1] / 2), 0, frame[1] - size[1]))
    return Box(top, left, size[0], size[1])
