"""Parts of frames for the local discriminator's training: where life is, and little else.

A logit sees no more than a part of the frame, and most of a frame is empty ground that is learned
soon. Parts around what moves show the same number of edits for a quarter of the work.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ocrgan_training.data.blob import box_around, motion_cells

SHARE = 0.42
"""Of the frame's height, where life is as tall as usual (`life_size`)."""
SHAPE = 1.4
"""Width to height."""
STEP = 16
SMALLEST = 64
ANYWHERE = 0.15
"""Share of the parts that lie anywhere, so that quiet places are learned too."""


def part_size(height: int, width: int, enlarged: float = 1.0) -> tuple[int, int] | None:
    """Height and width of the parts of frames of that size; None: such frames are small enough.

    Args:
        height: of the frames, pixels.
        width: of the frames, pixels.
        enlarged: how many times taller than usual life is.
    """
    rows = max(SMALLEST, round(SHARE * enlarged * height / STEP) * STEP)
    columns = round(SHAPE * rows / STEP) * STEP
    if rows > 0.7 * height or columns > 0.7 * width:
        return None
    return rows, columns


def active_part(
    frames: NDArray[np.uint8], size: tuple[int, int], random: np.random.Generator
) -> NDArray[np.uint8]:
    """A part (T, h, w, 3) of (T, H, W, 3) frames, mostly near something that moves."""
    whole = frames.shape[1:3]
    cells = motion_cells(frames)
    if random.random() < ANYWHERE:
        row, column = random.random(2)
    else:
        cell = int(random.choice(cells.size, p=cells.ravel()))
        row = (cell // cells.shape[1] + random.random()) / cells.shape[0]
        column = (cell % cells.shape[1] + random.random()) / cells.shape[1]
    centre = (
        row * whole[0] + random.normal(0, size[0] / 8),
        column * whole[1] + random.normal(0, size[1] / 8),
    )
    return np.ascontiguousarray(frames[:, *box_around(centre, size, whole).cut])
