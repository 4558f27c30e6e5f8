"""A data set with less to learn from: the same test, fewer training clips."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

from ocrgan_edge.errors import DataError
from ocrgan_edge.video.clips import LABELS, MASKS, list_clips
from ocrgan_edge.video.open_source import open_source
from ocrgan_edge.video.recorded_rate import CLIPS
from ocrgan_training.evaluation.kinds import ANOMALIES

SHARED = ("test", LABELS, MASKS, ANOMALIES, CLIPS)
"""What a subset has in common with the whole."""


def minutes_of(path: Path) -> float:
    """Length of a clip.

    Raises:
        DataError: it has no known length.
    """
    with closing(open_source(str(path))) as source:
        if not source.length:
            raise DataError(f"clip {path} does not say how long it is")
        return source.length / source.frames_per_second / 60


def write_subset(data: Path, out: Path, minutes: float | None) -> float:
    """A folder with links to the first training clips, in their names' order, and to all the rest.

    Args:
        data: a folder in the plain layout.
        out: written anew.
        minutes: of recording to learn from, held-out clips included; None: all of it.

    Returns:
        The minutes that the chosen clips have: the fewest whole clips, at least two, that are not
        less than asked for.

    Raises:
        DataError: there is less.
    """
    chosen: dict[str, Path] = {}
    total = 0.0
    for name, path in list_clips(data / "train").items():
        if minutes is not None and total >= minutes - 1e-9 and len(chosen) > 1:
            break
        chosen[name] = path
        total += minutes_of(path)
    if minutes is not None and total < minutes - 1e-9:
        raise DataError(f"{data} has {total:.2f} minutes in train/, {minutes:g} are asked for")
    shutil.rmtree(out, ignore_errors=True)
    (out / "train").mkdir(parents=True)
    for path in chosen.values():
        os.symlink(path.resolve(), out / "train" / path.name)
    for name in SHARED:
        if (data / name).exists():
            os.symlink((data / name).resolve(), out / name)
    return total
