"""The network's size for a scene never seen: `python -m ocrgan_training.fitting_size DATA`.

What a small CPU scores several times a second is the budget: 256×384 pixels for the local
discriminator, 128×128 for the generator, which therefore may see reduced frames. Within it the size
keeps the recording's shape, so that people are not squeezed, and takes as many pixels as it can.
"""

from __future__ import annotations

import math
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from ocrgan_edge.command_line import run
from ocrgan_edge.errors import DataError
from ocrgan_edge.video.open_source import open_source
from ocrgan_training.data.published import open_data_folder

STEP = 32
"""Pixels: exported graphs take multiples of it, after reduction."""
SMALLEST = 64
"""Pixels along a side of a frame, after reduction."""
BUDGET = 256 * 384
"""Pixels of a frame at most …"""
REDUCED_BUDGET = 128 * 128
"""… and of a reduced one."""
REDUCTIONS = (4, 3, 2, 1)
PIXELS_WEIGH = 0.5
"""How much a lack of pixels weighs against a change of shape, both as logarithms."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Fitting(NamedTuple):
    """Settings of a network for a recording."""

    height: int
    width: int
    reduction: int


def fitting_size(height: int, width: int) -> Fitting:
    """Height, width and reduction of the network for frames of this size.

    After reduction both sides are multiples of 32 from 64 on; before, they are never larger than
    the recording rounded up: more pixels than it has show nothing more. Of all within the budgets
    the one with the smallest |log(change of shape)| + 0.5 · log(budget / pixels) is taken, and of
    equal ones the most reduced.
    """
    choices = [
        Fitting(high, wide, reduction)
        for reduction in REDUCTIONS
        for high in _sides(height, reduction)
        for wide in _sides(width, reduction)
        if high * wide <= min(BUDGET, REDUCED_BUDGET * reduction**2)
    ]

    def loss(choice: Fitting) -> float:
        shape = abs(math.log(choice.width / choice.height * height / width))
        return shape + PIXELS_WEIGH * math.log(BUDGET / (choice.height * choice.width))

    return min(choices, key=loss)


def _sides(recorded: int, reduction: int) -> range:
    step, least = STEP * reduction, SMALLEST * reduction
    rounded = -(-recorded // STEP) * STEP
    if reduction == 1:
        rounded = max(rounded, least)
    return range(least, min(rounded, BUDGET // least) + 1, step)


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
    """Prints HEIGHTxWIDTH and the reduction, for `ocrgan-train --size … --reduction …`."""
    found = fitting_size(*recorded_size(data))
    print(f"{found.height}x{found.width} {found.reduction}")


if __name__ == "__main__":
    sys.exit(run(app))
