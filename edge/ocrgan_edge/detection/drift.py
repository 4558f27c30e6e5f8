"""What is usual at each place, followed as it slowly changes, and never by far.

Light changes over weeks, leaves fall, a lens gets dusty. The moments of each term at each place
follow with a half-life of days. What keeps an anomaly from being learned as normal:

* only windows whose score is below the alarm's release count;
* nothing counts within a minute before or after an alarm, or what may become one;
* the caller pauses while the picture cannot be judged, the camera is disarmed or calibrates;
* all drift together stays within bounds around the calibrated statistics. A place's mean may move
  by a quarter of the way from the median score to the threshold, its scale may grow by a quarter
  and never shrinks. With weights that sum to 1 a score s falls to (s − way/4)/1.25 at worst: what
  scored above 1.25 · threshold + way/4 is found for ever, however slowly it was prepared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.term_statistics import FLOOR, OWN, TermStatistics
from ocrgan_edge.runtime.scorer import LocationStatistics

HALF_LIFE = 3 * 86_400.0
"""Seconds of normal life: half of what is usual stems from these."""
BLOCK = 60.0
"""Seconds that are learned together, or not at all: also the distance kept from alarms."""
APPLY_EVERY = 10
"""Blocks: the scorer gets other statistics no more often."""
FARTHEST = 0.25
"""Of the way from the median score to the threshold, in scales: how far a mean may move."""
WIDEST = 1.25
"""Times its calibrated value: how far a scale may grow."""
LONGEST_STEP = 3.0
"""Intervals: more between two windows count as so many."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """Of each term at each place."""

    mean: Floats
    """(K, h, w)"""
    variance: Floats
    """(K, h, w)"""

    @classmethod
    def of(cls, statistics: LocationStatistics) -> Moments:
        """Those from which `TermStatistics` made its: scale² = own² · v + floor² · mean(v)."""
        square = np.square(statistics.scale.astype(np.float64))
        typical = square.mean(axis=(1, 2), keepdims=True) / (OWN**2 + FLOOR**2)
        variance = np.maximum(square - FLOOR**2 * typical, 0) / OWN**2
        return cls(statistics.mean.astype(np.float64), variance)

    def towards(self, mean: Floats, square: Floats, share: float) -> Moments:
        """Moved by a share, 0 … 1, towards newer moments."""
        moved = self.mean + share * (mean - self.mean)
        second = self.variance + np.square(self.mean)
        second += share * (square - second)
        return Moments(moved, np.maximum(second - np.square(moved), 0))

    @property
    def scale(self) -> Floats:
        """As `TermStatistics` makes it."""
        typical = self.variance.mean(axis=(1, 2), keepdims=True)
        return np.asarray(np.sqrt(OWN**2 * self.variance + FLOOR**2 * typical))


class Drift:
    """Follows one camera in one profile. For one thread, that which scores."""

    def __init__(
        self,
        calibrated: LocationStatistics,
        way: float,
        interval: float,
        recent: int,
        kept: Moments | None = None,
    ) -> None:
        """Begins at the calibrated statistics.

        Args:
            calibrated: around which all drift is bounded.
            way: from the median score of normal life to the threshold.
            interval: seconds between two windows, as planned.
            recent: newest frames that a score is made of.
            kept: moments of an earlier run.
        """
        self.statistics = calibrated
        """By which windows are to be scored; another object whenever it has changed."""
        self._calibrated = calibrated
        self._start = calibrated.mean.astype(np.float64), calibrated.scale.astype(np.float64)
        self._farthest = FARTHEST * max(way, 0.0)
        self._interval, self._recent = interval, recent
        self._moments = Moments.of(calibrated) if kept is None else kept
        self._blocks = 0
        self._newest_at: float | None = None
        self._waiting: TermStatistics | None = None
        self._after_alarm = True  # nobody knows what was before the start
        self._block = TermStatistics(recent)
        self._passed = 0.0
        self._tainted = False
        if kept is not None:
            self._apply()

    @property
    def moments(self) -> Moments:
        """To be kept over a restart."""
        return self._moments

    @property
    def used(self) -> float:
        """Largest share of the bounds that any term uses at any place, 0 … 1; 1: calibrate anew."""
        mean, scale = self._start
        room = self._farthest * scale
        moved = np.abs(self._moments.mean - mean) / np.where(room > 0, room, 1.0)
        grown = (self._moments.scale / scale - 1) / (WIDEST - 1)
        return float(np.clip(max(moved.max(), grown.max()), 0.0, 1.0))

    def take(self, terms: NDArray[np.float32], at: float, *, calm: bool, alarmed: bool) -> None:
        """Takes the next window.

        Args:
            terms: (K, T, h, w), raw.
            at: media time in seconds.
            calm: its score is below the alarm's release.
            alarmed: it lies within an alarm, or in a rise that may become one.
        """
        passed = 0.0 if self._newest_at is None else at - self._newest_at
        self._newest_at = at
        self._passed += min(max(passed, self._interval), LONGEST_STEP * self._interval)
        self._tainted |= alarmed
        if calm and not alarmed:
            self._block.add(terms)
        if self._passed >= BLOCK:
            self._end_block()

    def pause(self) -> None:
        """What comes now cannot be judged: nothing near it is learned."""
        self._waiting = None
        self._newest_at = None
        self._after_alarm = True
        self._begin()

    def _begin(self) -> None:
        self._block = TermStatistics(self._recent)
        self._passed = 0.0
        self._tainted = False

    def _end_block(self) -> None:
        """A block is learned at the end of the next, if there was no alarm in these, nor before."""
        waiting, block, tainted = self._waiting, self._block, self._tainted
        after_alarm, self._after_alarm = self._after_alarm, tainted
        self._waiting = None if tainted or after_alarm or not block.windows else block
        self._begin()
        if waiting is not None and not tainted:
            self._learn(waiting)

    def _learn(self, block: TermStatistics) -> None:
        seconds = min(block.windows * self._interval, BLOCK)
        mean, square = block.moments()
        if not (np.isfinite(mean).all() and np.isfinite(square).all()):
            return
        share = 1 - 2 ** (-seconds / HALF_LIFE)
        self._moments = self._moments.towards(mean, square, share)
        self._blocks += 1
        if self._blocks % APPLY_EVERY == 0:
            self._apply()

    def _apply(self) -> None:
        """Bounds what is used, not what is known: a spread around a bound would be no spread."""
        mean, scale = self._start
        farthest = self._farthest * scale
        near = np.clip(self._moments.mean, mean - farthest, mean + farthest)
        wider = np.clip(self._moments.scale, scale, WIDEST * scale)
        self.statistics = LocationStatistics(near.astype(np.float32), wider.astype(np.float32))
