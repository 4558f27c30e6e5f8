"""The network's size for a scene never seen: `python -m ocrgan_training.fitting_size DATA`.

A window of 16 frames at 128×128 pixels and n = 16 costs about 2.2 billion multiply-adds, which a
small CPU does several times a second. That is the budget; within it the size keeps the recording's
shape, so that people are not squeezed, and takes as many pixels as it can.
"""

from __future__ import annotations

import math
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from ocrgan_edge.command_line import run
from ocrgan_edge.errors import DataError
from ocrgan_edge.video.open_source import open_source
from ocrgan_training.data.published import open_data_folder

STEP = 32
"""Pixels: exported graphs take multiples of it."""
SMALLEST = 64
BUDGET = 128 * 128
"""Pixels of a frame at most."""
PIXELS_WEIGH = 0.5
"""How much a lack of pixels weighs against a change of shape, both as logarithms."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def fitting_size(height: int, width: int, budget: int = BUDGET) -> tuple[int, int]:
    """Height and width of the network for frames of this size.

    Both are multiples of 32 from 64 on, and never larger than the recording rounded up: more
    pixels than it has show nothing more. Of all sizes within the budget the one with the smallest
    |log(change of shape)| + 0.5 · log(budget / pixels) is taken.
    """
    sizes = [
        (high, wide)
        for high in _sides(height, budget)
        for wide in _sides(width, budget)
        if high * wide <= budget
    ]

    def loss(size: tuple[int, int]) -> float:
        high, wide = size
        shape = abs(math.log(wide / high * height / width))
        return shape + PIXELS_WEIGH * math.log(budget / (high * wide))

    return min(sizes, key=loss)


def _sides(recorded: int, budget: int) -> range:
    rounded = -(-recorded // STEP) * STEP
    return range(SMALLEST, max(SMALLEST, min(rounded, budget // SMALLEST)) + 1, STEP)


def recorded_size(data: Path) -> tuple[int, int]:
    """Height and width of the first training clip's frames.

    Raises:
        DataError: there is no training clip, or it has no frame.
        SourceError: it cannot be read.
    """
    name, path = next(iter(open_data_folder(data).training().items()))
    with closing(open_source(str(path))) as source:
        frame = source.read()
    if frame is None:
        raise DataError(f"training clip {name!r} has no frame")
    height, width = frame.image.shape[:2]
    return height, width


@app.command()
def command(data: Annotated[Path, typer.Argument(help="Folder with train/<clip>.")]) -> None:
    """Prints HEIGHTxWIDTH for `ocrgan-train --size`."""
    height, width = fitting_size(*recorded_size(data))
    print(f"{height}x{width}")


if __name__ == "__main__":
    sys.exit(run(app))
