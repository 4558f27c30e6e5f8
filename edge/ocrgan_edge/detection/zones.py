"""Where anomalies count: polygons over the picture that are watched or ignored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.explain import RECENT, recent_map, shares_at
from ocrgan_edge.detection.polygon import Point, cells, check_polygon
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.scorer import LocationStatistics, WindowScore

Mask = NDArray[np.bool_]
AROUND = np.ones((3, 3), np.uint8)
"""A map's cell is the mean of these cells: what is unusual beside a place raises it as well."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the picture."""

    name: str
    points: tuple[Point, ...]
    """Corners of a polygon: shares of the picture's width and height, 0 … 1."""
    kind: Literal["watch", "ignore"] = "watch"

    def __post_init__(self) -> None:
        """Checks the polygon.

        Raises:
            SettingsError: it has fewer than three corners, a corner outside the picture, edges
                that cross, or no area.
        """
        check_polygon(f"zone {self.name!r}", self.points)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a window is worth where it counts."""

    score: float
    zone: str | None
    """The watched zone with the most unusual place, the first in order; None without such zones."""
    shares: NDArray[np.float32]
    """(K,), each term's part in `score`, sum 1."""
    visible: NDArray[np.float32]
    """(T, h, w), the anomaly map; −inf where it does not count."""

    def on(self, result: WindowScore) -> WindowScore:
        """The graph's words about the window with what counts in place of the whole."""
        return replace(
            result,
            score=self.score,
            frame_scores=self.visible.max(axis=(1, 2)),
            anomaly_map=self.visible,
            shares=self.shares,
        )


class Zones:
    """Judges windows by the places that count: all that are watched and not ignored."""

    def __init__(self, zones: Sequence[Zone], grid: tuple[int, int], recent: int = RECENT) -> None:
        """Draws the zones on the anomaly map.

        Args:
            zones: in order; without a watched one everything is watched.
            grid: the map's height h and width w in cells.
            recent: newest frames that a score is made of, see `explain.recent_frames`.

        Raises:
            SettingsError: the zones leave no place that counts.
        """
        self._recent = recent
        self._watched = {z.name: cells(z.points, grid) for z in zones if z.kind == "watch"}
        ignored = [cells(zone.points, grid) for zone in zones if zone.kind == "ignore"]
        everything = np.ones(grid, np.bool_)
        watched = np.any(list(self._watched.values()), axis=0) if self._watched else everything
        allowed = watched & ~np.any([~everything, *ignored], axis=0)
        if not allowed.any():
            raise SettingsError(
                f"zones {', '.join(zone.name for zone in zones)} leave no place in the picture "
                "that counts: watch more or ignore less"
            )
        self.counts: Mask = _inside(allowed, [*self._watched.values()])
        """(h, w), places whose anomalies count."""

    def judge(
        self,
        result: WindowScore,
        statistics: LocationStatistics | None = None,
        settled: Mask | None = None,
    ) -> Judged:
        """The score by the graph's own rule, over the places that count.

        Where all count, score and shares are the graph's to the last bit.

        Args:
            result: of the graph.
            statistics: those that the scorer used; without them the shares remain those of the
                graph's place, which may lie outside.
            settled: (h, w), places that count no more, see `Settled`; never all that count.
        """
        whole = recent_map(result.anomaly_map, self._recent)
        counts = self.counts if settled is None else self.counts & ~settled
        if counts.all():
            zone = self._zone_at(_largest(whole))
            return Judged(result.score, zone, result.shares, result.anomaly_map)
        place = _largest(np.where(counts, whole, -np.inf))
        shares = result.shares
        if statistics is not None and place != _largest(whole):
            shares = shares_at(place, result.terms, statistics, self._recent)
        visible = np.where(counts, result.anomaly_map, np.float32(-np.inf))
        return Judged(float(whole[place]), self._zone_at(place), shares, visible)

    def _zone_at(self, place: tuple[int, int]) -> str | None:
        return next((name for name, mask in self._watched.items() if mask[place]), None)


def _inside(allowed: Mask, zones: list[Mask]) -> Mask:
    """What keeps one cell's distance from what is not allowed.

    A cell beside an anomaly that does not count is raised by it. A zone so narrow that nothing
    would be left of it keeps all its cells.
    """
    inside = cv2.erode(allowed.astype(np.uint8), AROUND).astype(
        np.bool_
    )  # the rim of the map stays
    for zone in zones or [allowed]:
        if not (inside & zone).any():
            inside |= allowed & zone
    return np.asarray(inside)


def _largest(values: NDArray[np.floating]) -> tuple[int, int]:
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    return int(row), int(column)
