"""Recordings of normal life: what is learned from, and what is held out for thresholds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from ocrgan_edge.video.open_source import open_source
from ocrgan_edge.video.part_source import stretch

SHARE = 0.1
"""Of all clips, or of one recording, that is held out."""
LEAST_SECONDS, MOST_SHARE = 60.0, 1 / 3
"""Of one recording at least so long is held out, as long as that is no more than this share."""
PIECES, LONGEST = 10, 600.0
"""A long one is cut into at least so many pieces, of at most so many seconds."""


class SharedOut(NamedTuple):
    """Normal clips by name."""

    learned: dict[str, Path]
    """For the network, and for what is usual at each place."""
    held_out: dict[str, Path]
    """That nothing is learned from."""


def share_out(clips: Mapping[str, Path]) -> SharedOut:
    """Holds out a tenth of the clips, evenly spaced, at least one.

    One recording alone becomes several clips, NAME-1, NAME-2, …, each a stretch of it: ten or more
    of the same length, if that is a minute or more; else three, the middle of which is held out.

    Raises:
        SourceError: one recording alone cannot be read.
    """
    if len(clips) == 1:
        [(name, path)] = clips.items()
        parts = _parts(path)
        digits = len(str(len(parts)))
        clips = {f"{name}-{i:0{digits}}": part for i, part in enumerate(parts, 1)}
    kept = held_out(list(clips))
    return SharedOut(
        {name: path for name, path in clips.items() if name not in kept},
        {name: clips[name] for name in kept},
    )


def held_out(names: Sequence[str], share: float = SHARE) -> tuple[str, ...]:
    """Evenly spaced among two names or more: at least one, never all."""
    ordered = sorted(names)
    count = min(max(1, round(share * len(ordered))), len(ordered) - 1)
    step = len(ordered) / count
    return tuple(ordered[int((i + 0.5) * step)] for i in range(count))


def _parts(recording: Path) -> list[Path]:
    seconds = _seconds(recording)
    if seconds < PIECES * LEAST_SECONDS:
        middle = min(LEAST_SECONDS, MOST_SHARE * seconds)
        cuts = [(seconds - middle) / 2, (seconds + middle) / 2]
    else:
        count = max(PIECES, math.ceil(seconds / LONGEST))
        cuts = [i * seconds / count for i in range(1, count)]
    between = [stretch(recording, start, stop) for start, stop in pairwise([0.0, *cuts])]
    return [*between, stretch(recording, cuts[-1], None)]


def _seconds(recording: Path) -> float:
    with closing(open_source(str(recording))) as source:
        frames = source.length or sum(1 for _ in iter(source.read, None))
        return frames / source.frames_per_second
