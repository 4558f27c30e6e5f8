"""The threshold that normal life crosses at most N times a day.

Read from the scores of normal windows alone, as the alarm sees them: what counts is the alarms that
they would raise (`normal_alarms`), not windows. The peaks of these alarms, and of those that parts
of the picture would raise beside them (`picture_parts`), are extrapolated to the wished rate with a
generalised Pareto tail (`tail`), and of what is so reached the upper 95 % bound is the threshold: a
recording that knows little gives a higher one, never a lower one. It is followed no farther than
`REACH` times the recording's length: beyond, the bound only says that nothing is known, and a
threshold there is one that nothing crosses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.alarm import COOL_DOWN, MINIMUM_DURATION
from ocrgan_edge.detection.normal_alarms import (
    AlarmWindows,
    alarm_peaks,
    alarm_statistic,
    peaks_of_parts,
)
from ocrgan_edge.detection.tail import bound_reached, fit_tail, most_seen
from ocrgan_edge.errors import DataError

SECONDS_PER_DAY = 86_400.0
REACH = 100.0
"""Recording lengths that the tail is followed for: 15 minutes reach one alarm in 25 hours."""
LEVELS = (0.99, 0.97, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)
"""Shares of normal life below which the tail may begin; the first with enough peaks is taken."""
ENOUGH_PEAKS = 30
CONFIDENCE = 0.95
SHOWN = -math.log(1 - CONFIDENCE)
"""Wished intervals that must pass without any alarm, until the wish is shown to be kept: 3.0."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How rarely normal life may raise an alarm, and what it takes to raise one."""

    false_alarms_per_day: float = 1.0

    minimum_duration: float = MINIMUM_DURATION
    """Seconds that scores must stay above the threshold."""

    cool_down: float = COOL_DOWN
    """Seconds below the release, after which the next alarm is another one."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold and what it stands on."""

    value: float
    """The upper 95 % bound."""
    median: float
    """Median score of normal windows."""
    windows: int
    minutes: float
    """Length of the normal video that the windows stand for."""
    peaks: int
    extrapolated: float
    """Wished interval between false alarms over the recording's length; up to 1 it was seen."""
    per_day: float
    """False alarms a day that the value is for: the wish, or more where that is out of sight."""
    estimate: float = math.nan
    """The most likely threshold, without the margin for not knowing."""
    level: float = math.nan
    """Where the tail begins."""

    @property
    def shown_per_day(self) -> float:
        """The rate that a recording of this length can show by itself, without any tail."""
        return SHOWN * 1440 / self.minutes


def threshold_for(clips: Sequence[NDArray[np.floating]], interval: float, wish: Wish) -> Threshold:
    """Reads a threshold from the scores of normal clips, one array each.

    The value is the larger of: the 95 % bound of the tail's level at the wished rate, and the
    smallest value at which the alarms of these very clips show the wish to be kept (where they are
    too short to show it, the smallest that raises none).

    Args:
        clips: window scores (n,) in order of time, or the scores of the picture's parts (n, parts),
            whose largest is the window's and of which some may be −inf (no place in them counts);
            nothing reaches from one clip into the next.
        interval: seconds between two windows.
        wish: the wished rate and the alarm's durations.

    Raises:
        DataError: no clip is as long as the alarm's minimum duration, or a score is not finite.
    """
    windows = AlarmWindows.of(interval, wish.minimum_duration, wish.cool_down)
    normal = _Normal(clips, windows)
    days = normal.scores.size * interval / SECONDS_PER_DAY
    rate = max(wish.false_alarms_per_day, 1 / (REACH * days))
    level, peaks = normal.tail_begins()
    estimate = fit_tail(level, peaks, days).reached(rate)
    bound = bound_reached(level, peaks, days, rate, CONFIDENCE)
    allowed = max(most_seen(rate * days, CONFIDENCE), 0)
    seen = normal.quiet_at(allowed, level)
    return Threshold(
        value=max(bound, estimate, seen),
        median=normal.median,
        windows=normal.scores.size,
        minutes=days * 1440,
        peaks=len(peaks),
        extrapolated=1 / (wish.false_alarms_per_day * days),
        per_day=rate,
        estimate=max(estimate, seen),
        level=level,
    )


def silent_threshold(clips: Sequence[NDArray[np.floating]], interval: float, wish: Wish) -> float:
    """The smallest threshold at which these normal clips raise no alarm, with no margin at all.

    Args:
        clips: as for `threshold_for`.
        interval: seconds between two windows.
        wish: only its durations matter.

    Raises:
        DataError: as `threshold_for`.
    """
    windows = AlarmWindows.of(interval, wish.minimum_duration, wish.cool_down)
    return _Normal(clips, windows).highest


def extrapolation_warning(threshold: Threshold, wish: Wish) -> str | None:
    """What to say where the recordings are too short to show the wish; None where they are not."""
    if threshold.shown_per_day <= wish.false_alarms_per_day:
        return None
    hours = SHOWN * 24 / wish.false_alarms_per_day
    reached = ""
    if threshold.per_day > wish.false_alarms_per_day:
        least = 1440 / (wish.false_alarms_per_day * REACH)
        reached = (
            f", for {_rate(threshold.per_day)} alarms a day, because a tail is followed for "
            f"{REACH:g} recordings' lengths at most (the wish takes {least:.3g} minutes)"
        )
    return (
        f"{wish.false_alarms_per_day:g} false alarms a day cannot be seen in "
        f"{threshold.minutes:.1f} minutes of normal video: they can show "
        f"{_rate(threshold.shown_per_day)} a day at best, and {hours:.3g} quiet hours would be "
        f"needed; the threshold is the upper 95 % bound of a tail through {threshold.peaks} peaks"
        f"{reached}"
    )


def _rate(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


class _Normal:
    """Scores of normal clips, and the alarms that they would raise."""

    def __init__(self, clips: Sequence[NDArray[np.floating]], windows: AlarmWindows) -> None:
        given = [np.asarray(clip, np.float64) for clip in clips]
        parts = [clip[:, None] if clip.ndim == 1 else clip for clip in given]
        self._windows = windows
        self._whole = [clip.max(axis=1, initial=-np.inf) for clip in parts]
        self._parts = parts
        self.scores = np.concatenate(self._whole or [np.zeros(0)])
        statistics = [alarm_statistic(clip, windows.needed) for clip in self._whole]
        self._statistic = np.concatenate(statistics or [np.zeros(0)])
        if not self._statistic.size:
            raise DataError(
                f"the normal clips for the threshold give at most "
                f"{max(map(len, clips), default=0)} windows each, "
                f"but an alarm needs {windows.needed}: give longer clips or a smaller hop"
            )
        if not np.isfinite(self.scores).all():
            raise DataError("a normal window's score is not a finite number")
        self.median = float(np.median(self.scores))
        self.highest = float(self._statistic.max())

    def alarms(self, threshold: float) -> list[float]:
        """Peaks of the picture's alarms at a threshold."""
        return [
            peak
            for clip in self._whole
            for peak in alarm_peaks(clip, threshold, self.median, self._windows)
        ]

    def tail_begins(self) -> tuple[float, list[float]]:
        """The highest level with enough peaks above it, else the lowest, and the peaks."""
        level, peaks = 0.0, list[float]()
        for share in LEVELS:
            level = float(np.quantile(self._statistic, share))
            peaks = [
                peak
                for clip in self._parts
                for peak in peaks_of_parts(clip, level, self.median, self._windows)
            ]
            if len(peaks) >= ENOUGH_PEAKS:
                break
        return level, peaks

    def quiet_at(self, allowed: int, level: float) -> float:
        """The smallest of level and alarms above it that raises no more than `allowed` alarms."""
        peaks = self.alarms(level)
        if len(peaks) <= allowed:
            return level
        # One long alarm at the level may be two higher up, so the order of peaks is not enough.
        higher = sorted(peaks)[len(peaks) - allowed - 1 :]
        return next(value for value in higher if len(self.alarms(value)) <= allowed)
