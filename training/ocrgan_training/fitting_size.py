"""The network's size for a scene never seen: `python -m ocrgan_training.fitting_size DATA`.

What a small CPU scores several times a second is the budget: 256×384 pixels for the local
discriminator, 128×128 for the generator, which therefore may see reduced frames. Within it the size
keeps the recording's shape, so that people are not squeezed, and shows what moves about as tall as
it is best told (docs/decisions/025-life-size.md): small people enlarged, large ones reduced.
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
from ocrgan_training.data.life_size import life_size
from ocrgan_training.data.published import open_data_folder

STEP = 32
"""Pixels: exported graphs take multiples of it, after reduction."""
SMALLEST = 64
"""Pixels along a side of a frame, after reduction."""
BUDGET = 256 * 384
"""Pixels of a frame at most …"""
REDUCED_BUDGET = 128 * 128
"""… and of a reduced one."""
LEAST = 128 * 192
"""Pixels that a frame has in any case, where as many were recorded: fewer save next to nothing."""
TALL = 34.0
"""Pixels: how tall what moves should be. So tall it is on Ped2 at 256×384, where more pixels than
that told no more."""
ENLARGED = 2.0
"""Times that small people may be enlarged."""
REDUCTIONS = (4, 3, 2, 1)
PIXELS_WEIGH = 0.5
"""How much a lack of pixels weighs against a change of shape, both as logarithms."""
CHEAP, COST_WEIGHS = 64 * 96, 0.15
"""Pixels that the generator, which costs most per pixel, sees cheaply; how much more weigh."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Fitting(NamedTuple):
    """Settings of a network for a recording."""

    height: int
    width: int
    reduction: int


def fitting_size(height: int, width: int, life: float | None = None) -> Fitting:
    """Height, width and reduction of the network for frames of this size.

    After reduction both sides are multiples of 32 from 64 on. Wanted are the pixels at which what
    moves is `TALL`, within the budget; where nothing is known of it, as many as were recorded. Of
    all sizes within the budgets the one with the smallest |log(change of shape)| + 0.5 ·
    |log(wanted pixels / pixels)| is taken, and of equal ones the most reduced. Where `life` is
    known, 0.15 · log(the generator's pixels / cheap ones) is added to that.

    Args:
        height: of the recording, pixels.
        width: of the recording, pixels.
        life: how tall what moves is, as a share of the height (`life_size`).
    """
    larger, wanted, cost_weighs = 1.0, float(BUDGET), 0.0
    if life is not None:
        cost_weighs = COST_WEIGHS
        rows = TALL / life
        larger = min(max(1.0, rows / height), ENLARGED)
        wanted = min(max(rows**2 * width / height, LEAST), BUDGET)
    choices = [
        Fitting(high, wide, reduction)
        for reduction in REDUCTIONS
        for high in _sides(height * larger, reduction)
        for wide in _sides(width * larger, reduction)
        if high * wide <= min(BUDGET, REDUCED_BUDGET * reduction**2)
    ]

    def loss(choice: Fitting) -> float:
        shape = abs(math.log(choice.width / choice.height * height / width))
        pixels = choice.height * choice.width
        cost = max(0.0, math.log(pixels / choice.reduction**2 / CHEAP))
        return shape + PIXELS_WEIGH * abs(math.log(wanted / pixels)) + cost_weighs * cost

    return min(choices, key=loss)


def _sides(most: float, reduction: int) -> range:
    step, least = STEP * reduction, SMALLEST * reduction
    rounded = math.ceil(most / STEP) * STEP
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
    clips = list(open_data_folder(data).training().values())
    found = fitting_size(*recorded_size(data), life_size(clips))
    print(f"{found.height}x{found.width} {found.reduction}")


if __name__ == "__main__":
    sys.exit(run(app))
