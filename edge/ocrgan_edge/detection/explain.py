"""Where in the picture, and by which of its terms, a window is unusual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.runtime.scorer import TERMS, WindowScore

RECENT = 4
"""Newest frames whose maps are averaged, as the graph's score does."""

MOST_BOXES = 5


@dataclass(frozen=True, slots=True)
class Box:
    """An unusual place, as shares of the picture's width and height, 0 … 1."""

    left: float
    top: float
    width: float
    height: float

    score: float
    """Largest value of the map inside."""


def recent_map(anomaly_map: NDArray[np.float32]) -> NDArray[np.float32]:
    """The map (h, w) that the score is the largest value of: mean of the newest `RECENT` frames.

    Args:
        anomaly_map: (T, h, w)
    """
    newest: NDArray[np.float32] = anomaly_map[-RECENT:].mean(axis=0, dtype=np.float32)
    return newest


def boxes(anomaly_map: NDArray[np.float32], level: float) -> list[Box]:
    """Boxes around connected places above a level, the most unusual first, at most `MOST_BOXES`.

    Args:
        anomaly_map: (T, h, w)
        level: for example the alarm's release.
    """
    values = recent_map(anomaly_map)
    height, width = values.shape
    count, labels, places, _ = cv2.connectedComponentsWithStats((values > level).astype(np.uint8))
    found = [
        Box(
            left=float(places[i, cv2.CC_STAT_LEFT]) / width,
            top=float(places[i, cv2.CC_STAT_TOP]) / height,
            width=float(places[i, cv2.CC_STAT_WIDTH]) / width,
            height=float(places[i, cv2.CC_STAT_HEIGHT]) / height,
            score=float(values[labels == i].max()),
        )
        for i in range(1, count)  # 0 is the background
    ]
    return sorted(found, key=lambda box: box.score, reverse=True)[:MOST_BOXES]


def shares_by_term(result: WindowScore, terms: Sequence[str] = TERMS) -> dict[str, float]:
    """Each term's part in the score, by name, sum 1.

    Args:
        result: of any graph.
        terms: the bundle's `manifest.terms`.
    """
    return {term: float(share) for term, share in zip(terms, result.shares, strict=True)}
