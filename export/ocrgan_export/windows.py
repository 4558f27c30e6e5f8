"""A few windows out of many: for INT8 ranges, for parity, for the golden windows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.scoring import raw_windows
from ocrgan_edge.video.open_source import open_source

Window = NDArray[np.uint8]
"""(T, H, W, 3), blue-green-red."""


def sample_windows(clips: Mapping[str, Path], spec: InputSpec, count: int) -> list[Window]:
    """At most `count` windows, evenly spaced over all clips, as the daemon would cut them.

    Memory stays below 2 · `count` windows, however long the clips are.

    Raises:
        DataError: no clip is long enough for a window.
        SourceError: a clip cannot be read.
    """
    hop = max(1, spec.frames // 4)
    kept = spread(_all_windows(clips, spec, hop), count)
    if not kept:
        raise DataError(f"none of the clips {', '.join(clips)} gives a window: all are too short")
    return kept


def spread(windows: Iterable[Window], count: int) -> list[Window]:
    """At most `count` of a sequence of unknown length, evenly spaced, first and last included."""
    kept: list[Window] = []
    stride = 1
    for index, window in enumerate(windows):
        if index % stride:
            continue
        kept.append(window)
        if len(kept) >= 2 * count:
            kept, stride = kept[::2], 2 * stride
    places = np.linspace(0, len(kept) - 1, min(count, len(kept)))
    return [kept[round(place)] for place in places]


def _all_windows(clips: Mapping[str, Path], spec: InputSpec, hop: int) -> Iterable[Window]:
    for path in clips.values():
        with closing(open_source(str(path))) as source:
            yield from raw_windows(source, spec, hop)
