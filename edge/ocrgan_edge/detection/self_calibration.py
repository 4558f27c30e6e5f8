"""A camera that learns by itself what is usual at its place, and the threshold that goes with it.

The first half of the time gathers what each term is like at each place; the second half, scored
under those statistics, gives the threshold. Memory: a few maps per term, and 26 bytes per window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.alarm import LONGEST_GAP, SLOW_WINDOWS
from ocrgan_edge.detection.calibration_halves import FirstHalf, SecondHalf
from ocrgan_edge.detection.explain import RECENT
from ocrgan_edge.detection.normal_alarms import windows_needed
from ocrgan_edge.detection.picture_parts import part_scores
from ocrgan_edge.detection.profiles import Learned
from ocrgan_edge.detection.threshold import (
    Threshold,
    Wish,
    extrapolation_warning,
    threshold_for,
)
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.runtime.scoring import ScoredWindow

TRIES = 3.0
"""Halves that the second one may take, until a stretch without an alarm or a gap is long enough."""


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
        self._places = FirstHalf(recent)
        self._scores = SecondHalf()
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
        return [run.max(axis=1) for run in self._scores.runs(self._needed)]

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
        # As for an alarm: a busy processor widens distances, and yet what it sees lasts.
        follows = 0 < passed <= max(LONGEST_GAP, SLOW_WINDOWS * self._interval)
        self._seen += passed if follows else self._interval
        self._newest_at = at
        return follows

    @property
    def _distance(self) -> float:
        """Seconds between two windows of the second half, as they really came."""
        return (self._seen - self._half) / max(self._scores.windows, 1)

    @property
    def _needed(self) -> int:
        """Windows in a row that make an alarm."""
        return windows_needed(self._distance, self._wish.minimum_duration)

    def _finish(self, statistics: LocationStatistics) -> Calibrated | None:
        """None where no stretch without an alarm is long enough: more windows are needed."""
        runs = self._scores.runs(self._needed)
        if max(map(len, runs), default=0) < self._needed:
            if self._seen >= (1 + TRIES) * self._half:
                raise DataError(
                    f"no stretch without an alarm or a gap was as long as an alarm "
                    f"({self._wish.minimum_duration:g} s) in {self._seen / 60:.3g} minutes"
                )
            return None
        self.threshold = found = threshold_for(runs, self._distance, self._wish)
        return Calibrated(
            statistics=statistics,
            threshold=found.value,
            median=found.median,
            windows=found.windows,
            minutes=found.minutes,
            warning=_joined(
                self._places.said(),
                self._scores.said(self._needed),
                extrapolation_warning(found, self._wish),
            ),
        )


def _joined(*sentences: str | None) -> str | None:
    return "; ".join(sentence for sentence in sentences if sentence) or None
