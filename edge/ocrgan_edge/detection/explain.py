"""Where in the picture, and by which of its terms, a window is unusual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.bundle import Manifest
from ocrgan_edge.runtime.scorer import TERMS, LocationStatistics, WindowScore

RECENT = 4
"""Newest frames whose maps are averaged, as the graph's score does, unless a bundle says else."""

CLIP = (-3.0, 100.0)
"""A term may speak for at most 100 scales, and at most 3 against, at one place."""

TERM_WEIGHTS = (0.1, 0.1, 0.3, 0.0, 0.5)
"""Of texture, shape, motion, feature and patch in the anomaly map (docs/decisions/007-score.md)."""

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


def recent_frames(manifest: Manifest) -> int:
    """Newest frames of a window that a bundle's score is made of."""
    return int(manifest.training.get("recent", RECENT))


def recent_map(anomaly_map: NDArray[np.float32], recent: int = RECENT) -> NDArray[np.float32]:
    """The map (h, w) that the score is the largest value of: mean of the newest frames.

    Args:
        anomaly_map: (T, h, w)
        recent: how many, see `recent_frames`.
    """
    newest: NDArray[np.float32] = anomaly_map[-recent:].mean(axis=0, dtype=np.float32)
    return newest


def boxes(anomaly_map: NDArray[np.float32], level: float, recent: int = RECENT) -> list[Box]:
    """Boxes around connected places above a level, the most unusual first, at most `MOST_BOXES`.

    Args:
        anomaly_map: (T, h, w)
        level: for example the alarm's release.
        recent: newest frames that count, see `recent_frames`.
    """
    values = recent_map(anomaly_map, recent)
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


def shares_at(
    place: tuple[int, int],
    terms: NDArray[np.float32],
    statistics: LocationStatistics,
    recent: int = RECENT,
) -> NDArray[np.float32]:
    """Each term's part in the map's value at one place (K,), sum 1, by the graph's own rule.

    That is: standardised, clipped and weighted, only what speaks for an anomaly, mean over the
    newest frames and over the place with its neighbours (3×3).

    Args:
        place: row and column.
        terms: (K, T, h, w), raw, with the usual weights `TERM_WEIGHTS`.
        statistics: those that the scorer used.
        recent: newest frames that count, see `recent_frames`.
    """
    rows, columns = (slice(max(0, centre - 1), centre + 2) for centre in place)
    near = terms[:, -recent:, rows, columns]
    mean, scale = (moment[:, None, rows, columns] for moment in (statistics.mean, statistics.scale))
    weights = np.array(TERM_WEIGHTS, np.float32)
    unusual = np.clip((near - mean) / scale, 0, CLIP[1]).mean(axis=(1, 2, 3)) * weights
    total = unusual.sum()
    equal = np.full_like(unusual, 1 / len(unusual))
    return np.asarray(unusual / total if total > 0 else equal, np.float32)
