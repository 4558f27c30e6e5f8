"""The picture in parts: what each would score by itself, for the tail of normal life.

A score is the largest value anywhere in the picture, so of all that stands out in it at a time only
one thing is heard. Parts hear several: a threshold is read from the picture's alarms and from those
that other parts would have raised beside them (`normal_alarms.peaks_of_parts`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.explain import RECENT, recent_map
from ocrgan_edge.runtime.scorer import WindowScore

GRID = (2, 3)
"""Rows and columns of parts, each large enough for a person near the camera to stay within while
an alarm begins."""


def part_scores(result: WindowScore, recent: int = RECENT) -> NDArray[np.float64]:
    """The score of each part of the picture: (parts,), whose largest is the window's score.

    A part without a place that counts (−inf in the map, `zones`) has −inf.

    Args:
        result: of a window.
        recent: newest frames that a score is made of, see `explain.recent_frames`.
    """
    found = recent_map(result.anomaly_map, recent).astype(np.float64)
    parts = np.array(
        [
            part.max()
            for rows in np.array_split(found, min(GRID[0], found.shape[0]), axis=0)
            for part in np.array_split(rows, min(GRID[1], found.shape[1]), axis=1)
        ]
    )
    parts[parts.argmax()] = result.score  # the graph's own rounding
    return parts
