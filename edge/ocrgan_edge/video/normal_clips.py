"""Recordings of normal life: what is learned from, and what is held out for thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from ocrgan_edge.video.open_source import open_source
from ocrgan_edge.video.part_source import stretch

SHARE = 0.1
"""Of all clips, or of one recording, that is held out."""
LEAST_SECONDS, MOST_SHARE = 60.0, 1 / 3
"""Of one recording at least so long is held out, as long as that is no more than this share."""


class SharedOut(NamedTuple):
    """Normal clips by name."""

    learned: dict[str, Path]
    """For the network, and for what is usual at each place."""
    held_out: dict[str, Path]
    """That nothing is learned from."""


def share_out(clips: Mapping[str, Path]) -> SharedOut:
    """Holds out a tenth of the clips, at least one; of one recording alone, its middle.

    That recording becomes three clips, NAME-1 … NAME-3, each a stretch of it.

    Raises:
        SourceError: one recording alone cannot be read.
    """
    if len(clips) == 1:
        [(name, path)] = clips.items()
        clips = {f"{name}-{i}": part for i, part in enumerate(_around_the_middle(path), 1)}
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


def _around_the_middle(path: Path) -> list[Path]:
    """What lies before the held-out stretch, that stretch, and what lies behind it."""
    with closing(open_source(str(path))) as source:
        frames = source.length or sum(1 for _ in iter(source.read, None))
        seconds = frames / source.frames_per_second
    middle = min(max(SHARE * seconds, LEAST_SECONDS), MOST_SHARE * seconds)
    start, stop = (seconds - middle) / 2, (seconds + middle) / 2
    return [stretch(path, 0, start), stretch(path, start, stop), stretch(path, stop, None)]
