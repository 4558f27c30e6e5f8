"""A camera that learns by itself what is usual at its place, and the threshold that goes with it.

The first half of the time gathers what each term is like at each place; the second half, scored
under those statistics, gives the threshold. Memory: a few maps per term, six numbers per window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.explain import RECENT
from ocrgan_edge.detection.normal_alarms import windows_needed
from ocrgan_edge.detection.picture_parts import part_scores
from ocrgan_edge.detection.profiles import Learned
from ocrgan_edge.detection.term_statistics import TermStatistics
from ocrgan_edge.detection.threshold import (
    Threshold,
    Wish,
    extrapolation_warning,
    threshold_for,
)
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.runtime.scoring import ScoredWindow

FEW = 0.05
"""Share of windows within an alarm that is left out without a word."""
MANY = 0.5
"""An alarm that holds for more than this share of the time is no anomaly: it is how normal life
looks to statistics that were made elsewhere. Then nothing is left out."""
LONGEST_STEP = 3.0
"""Intervals. Windows farther apart do not belong together; what was between them was not seen."""


@dataclass(frozen=True, eq=False)
class Calibrated:
    """What a camera has learned."""

    statistics: LocationStatistics
    threshold: float
    median: float
    """Median score of normal life."""
    windows: int
    """Of the second half, that the threshold was read from."""
    minutes: float
    """Their length."""
    warning: str | None
    """What to know about it, for a person to read."""

    @property
    def learned(self) -> Learned:
        """What scores and alarms go by."""
        return Learned(self.statistics, self.median, self.threshold)


class SelfCalibration:
    """Takes a camera's windows until it has seen enough.

    When `statistics` becomes available, at half time, the scorer must use them from then on.
    """

    def __init__(
        self,
        minutes: float,
        interval: float,
        wish: Wish,
        grid: tuple[int, int],
        recent: int = RECENT,
    ) -> None:
        """Starts with nothing.

        Args:
            minutes: of video, for both halves together.
            interval: seconds between two windows, as planned.
            wish: how rarely normal life may raise an alarm, and the alarm's durations.
            grid: height h and width w of the anomaly map.
            recent: newest frames that a score is made of, see `explain.recent_frames`.

        Raises:
            ValueError: a half is too short for an alarm.
        """
        least = 2 * windows_needed(interval, wish.minimum_duration) * interval / 60
        if not minutes >= least:
            raise ValueError(
                f"calibration is to take {minutes:g} minutes, but needs {least:.2g} or more: "
                "each half must be longer than an alarm"
            )
        self.statistics: LocationStatistics | None = None
        """What is usual at each place, from half time on."""
        self.result: Calibrated | None = None
        """All of it, at the end."""
        self.threshold: Threshold | None = None
        """What the result's threshold stands on."""
        self._half = minutes * 30
        self._interval, self._wish, self._grid = interval, wish, grid
        self._places = _Places(recent)
        self._scores = _Scores()
        self._recent = recent
        self._seen = 0.0
        self._newest_at: float | None = None

    @property
    def progress(self) -> float:
        """Share of the video that has been seen, 0 … 1; time without windows does not count."""
        return 1.0 if self.result else min(self._seen / (2 * self._half), 1.0)

    @property
    def normal_scores(self) -> list[NDArray[np.float64]]:
        """Scores of the second half, in runs that nothing interrupts."""
        return [run.max(axis=1) for run in self._scores.runs()]

    def take(self, window: ScoredWindow, alarmed: bool) -> None:
        """Learns from a window; nothing more once there is a result.

        Args:
            window: the newest; in the second half scored under `statistics`.
            alarmed: it lies within an alarm, or in a rise that may become one.

        Raises:
            ValueError: its map is not of the grid: another graph has taken over.
            DataError: a term or a score is not a finite number.
        """
        found = window.result.anomaly_map.shape[1:]
        if found != self._grid:
            raise ValueError(f"the anomaly map is {found}, but calibration began with {self._grid}")
        if self.result is not None:
            return
        follows = self._follows(window.at)
        if self.statistics is None:
            self._places.add(window.result.terms, alarmed)
            if self._seen >= self._half:
                self.statistics = self._places.statistics()
        else:
            self._scores.add(part_scores(window.result, self._recent), alarmed, follows)
            if self._seen >= 2 * self._half:
                self.result = self._finish(self.statistics)

    def _follows(self, at: float) -> bool:
        """Counts the time, and says whether the window belongs to the one before."""
        passed = 0.0 if self._newest_at is None else at - self._newest_at
        follows = 0 < passed <= LONGEST_STEP * self._interval
        self._seen += passed if follows else self._interval
        self._newest_at = at
        return follows

    def _finish(self, statistics: LocationStatistics) -> Calibrated | None:
        """None where no stretch without an alarm is long enough: more windows are needed."""
        # A busy CPU widens the distance between windows: what counts is how they really came.
        interval = self._half / max(self._scores.windows, 1)
        runs = self._scores.runs()
        if max(map(len, runs), default=0) < windows_needed(interval, self._wish.minimum_duration):
            return None
        self.threshold = found = threshold_for(runs, interval, self._wish)
        guards = (self._places.guard, self._scores.guard)
        return Calibrated(
            statistics=statistics,
            threshold=found.value,
            median=found.median,
            windows=found.windows,
            minutes=found.minutes,
            warning=_joined(_said(guards), extrapolation_warning(found, self._wish)),
        )


class _Guard:
    """How much of what was seen lay within an alarm."""

    def __init__(self) -> None:
        self.windows, self.alarmed = 0, 0

    def add(self, alarmed: bool) -> None:
        self.windows += 1
        self.alarmed += alarmed

    @property
    def share(self) -> float:
        return self.alarmed / max(self.windows, 1)

    @property
    def leaves_out(self) -> bool:
        return self.share <= MANY


class _Places:
    """First half: statistics without alarms, and with them in case they turn out to be normal."""

    def __init__(self, recent: int) -> None:
        self.guard = _Guard()
        self._usual, self._all = TermStatistics(recent), TermStatistics(recent)

    def add(self, terms: NDArray[np.float32], alarmed: bool) -> None:
        self.guard.add(alarmed)
        self._all.add(terms)
        if not alarmed:
            self._usual.add(terms)

    def statistics(self) -> LocationStatistics:
        return (self._usual if self.guard.leaves_out else self._all).statistics()


class _Scores:
    """Second half: scores of the picture's parts in order of time, in runs without a gap."""

    def __init__(self) -> None:
        self.guard = _Guard()
        self._taken: list[tuple[NDArray[np.float64], bool, bool]] = []

    @property
    def windows(self) -> int:
        return len(self._taken)

    def add(self, parts: NDArray[np.float64], alarmed: bool, follows: bool) -> None:
        if not np.isfinite(parts).all():
            raise DataError(f"a normal window's score is {parts.max()}, not a finite number")
        self.guard.add(alarmed)
        self._taken.append((parts, alarmed, follows))

    def runs(self) -> list[NDArray[np.float64]]:
        runs: list[list[NDArray[np.float64]]] = [[]]
        for parts, alarmed, follows in self._taken:
            left_out = alarmed and self.guard.leaves_out
            if left_out or not follows:
                runs.append([])
            if not left_out:
                runs[-1].append(parts)
        return [np.array(run) for run in runs if run]


def _said(guards: tuple[_Guard, _Guard]) -> str | None:
    worst = max(guards, key=lambda guard: guard.share)
    if worst.share <= FEW:
        return None
    if worst.leaves_out:
        return (
            f"{worst.share:.0%} of the time lay within an alarm and was left out: calibrate again "
            "when life is normal"
        )
    return (
        f"{worst.share:.0%} of the time lay within an alarm and was taken for normal life: "
        "calibrate again if it was not"
    )


def _joined(*sentences: str | None) -> str | None:
    return "; ".join(sentence for sentence in sentences if sentence) or None
