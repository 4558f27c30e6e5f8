"""The threshold that normal life crosses at most N times a day.

Read from the scores of normal windows alone, as the alarm sees them: an alarm needs every score of
its minimum duration above the threshold, so its statistic is the rolling minimum over that many
windows. Its peaks over a high level are extrapolated to the wished rate with a generalised Pareto
tail (Hosking and Wallis 1987, probability-weighted moments).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import DataError

SECONDS_PER_DAY = 86_400.0
LEVELS = (0.99, 0.97, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)
"""Shares of normal life below which the tail may begin; the first with enough peaks is taken."""
ENOUGH_PEAKS = 30
HEAVIEST = 0.3
"""Largest shape of the tail that is believed. Scores are bounded sums: heavier is an accident."""
SMALLEST_SCALE = 1e-3
"""Of the largest statistic: scores that hardly vary still get a margin."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How rarely normal life may raise an alarm, and what it takes to raise one."""

    false_alarms_per_day: float = 1.0

    minimum_duration: float = 0.8
    """Seconds that scores must stay above the threshold."""

    cool_down: float = 2.0
    """Seconds below, after which the next alarm is another one."""


@dataclass(frozen=True, slots=True)
class Tail:
    """Peaks of normal life above a level: how often, and how far."""

    level: float
    peaks_per_day: float
    shape: float
    """0 falls off exponentially, above 0 more slowly."""
    scale: float

    def reached(self, times_per_day: float) -> float:
        """The value that peaks exceed so many times a day; never below the tail's level."""
        rarer = max(self.peaks_per_day / times_per_day, 1.0)
        if self.shape == 0:
            return self.level + self.scale * math.log(rarer)
        return self.level + self.scale * math.expm1(self.shape * math.log(rarer)) / self.shape


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold and what it stands on."""

    value: float
    median: float
    """Median score of normal windows."""
    windows: int
    minutes: float
    """Length of the normal video that the windows stand for."""
    peaks: int
    extrapolated: float
    """Wished interval between false alarms over the recording's length; up to 1 it was seen."""


def threshold_for(clips: Sequence[NDArray[np.floating]], interval: float, wish: Wish) -> Threshold:
    """Reads a threshold from the scores of normal clips, one array of window scores each.

    The value is the largest of: the tail's level at the wished rate, and the smallest value at
    which these very clips give no more alarms than the wish allows in their length (so, where
    they are shorter than the wished interval, their largest alarm statistic).

    Args:
        clips: window scores in order of time; nothing reaches from one clip into the next.
        interval: seconds between two windows.
        wish: the wished rate and the alarm's durations.

    Raises:
        DataError: no clip is as long as the alarm's minimum duration, or a score is not finite.
    """
    needed = windows_needed(interval, wish.minimum_duration)
    statistics = [alarm_statistic(np.asarray(scores, np.float64), needed) for scores in clips]
    scores = np.concatenate([np.asarray(clip, np.float64) for clip in clips] or [np.zeros(0)])
    if not any(statistic.size for statistic in statistics):
        raise DataError(
            f"the normal clips for the threshold give at most "
            f"{max((len(clip) for clip in clips), default=0)} windows each, "
            f"but an alarm needs {needed}: give longer clips or a smaller hop"
        )
    if not np.isfinite(scores).all():
        raise DataError("a normal window's score is not a finite number")
    days = scores.size * interval / SECONDS_PER_DAY
    level, peaks = _peaks_over_a_level(statistics, wish.cool_down / interval)
    tail = fit_tail(level, peaks, days)
    value = max(
        tail.reached(wish.false_alarms_per_day),
        _seen(level, peaks, math.floor(wish.false_alarms_per_day * days)),
    )
    return Threshold(
        value=value,
        median=float(np.median(scores)),
        windows=scores.size,
        minutes=days * 1440,
        peaks=len(peaks),
        extrapolated=1 / (wish.false_alarms_per_day * days),
    )


def extrapolation_warning(threshold: Threshold, wish: Wish) -> str | None:
    """What to say where the recordings are shorter than the wished interval; None where not."""
    if threshold.extrapolated <= 1:
        return None
    wanted = 24 / wish.false_alarms_per_day
    return (
        f"{wish.false_alarms_per_day:g} false alarms a day cannot be seen in "
        f"{threshold.minutes:.1f} minutes of normal video: the threshold is extrapolated "
        f"{threshold.extrapolated:.0f}-fold from {threshold.peaks} peaks; "
        f"record {wanted:.1f} hours or more to measure it"
    )


def windows_needed(interval: float, minimum_duration: float) -> int:
    """Windows in a row that an alarm needs above its threshold: they span the duration; 2 or more.

    Args:
        interval: seconds between two windows.
        minimum_duration: seconds.
    """
    return max(2, math.ceil(minimum_duration / interval - 1e-6) + 1)


def alarm_statistic(scores: NDArray[np.float64], needed: int) -> NDArray[np.float64]:
    """Rolling minimum over `needed` windows: above a threshold exactly where an alarm is raised.

    Args:
        scores: (n,) window scores of one clip.
        needed: windows that an alarm needs in a row.

    Returns:
        (n − needed + 1,), or none where the clip is too short for an alarm.
    """
    if scores.size < needed:
        return np.zeros(0)
    windows = np.lib.stride_tricks.sliding_window_view(scores, needed)
    return np.asarray(windows.min(axis=1))


def peaks_over(statistic: NDArray[np.float64], level: float, quiet: float) -> list[float]:
    """The largest value of each cluster above `level`.

    Args:
        statistic: (n,) in order of time.
        level: what a cluster stays above.
        quiet: windows at or below the level that end a cluster.
    """
    above = np.flatnonzero(statistic > level)
    if not above.size:
        return []
    parts = np.split(above, np.flatnonzero(np.diff(above) > quiet) + 1)
    return [float(statistic[part].max()) for part in parts]


def fit_tail(level: float, peaks: list[float], days: float) -> Tail:
    """Fits a generalised Pareto tail by probability-weighted moments.

    With b = mean excess and a = Σ(1 − pᵢ)·excessᵢ/n over sorted excesses, pᵢ = (i − 0.35)/n:
    shape = 2 − b/(b − 2a), held within 0 … 0.3; scale = b·(1 − shape), so that the mean stays.

    Args:
        level: what the peaks lie above.
        peaks: each cluster's largest value.
        days: length of the recording.
    """
    excess = np.sort(np.asarray(peaks, np.float64)) - level
    count = excess.size
    smallest = SMALLEST_SCALE * max(abs(level), float(excess.max(initial=0)), SMALLEST_SCALE)
    if count == 0:
        return Tail(level, 1 / days, 0.0, smallest)
    mean = float(excess.mean())
    weighted = float((excess * (1 - (np.arange(1, count + 1) - 0.35) / count)).mean())
    shape = 2 - mean / (mean - 2 * weighted) if mean > 2 * weighted else 0.0
    shape = min(max(shape, 0.0), HEAVIEST)
    return Tail(level, count / days, shape, max(mean * (1 - shape), smallest))


def _peaks_over_a_level(
    statistics: list[NDArray[np.float64]], quiet: float
) -> tuple[float, list[float]]:
    """The highest level with enough peaks above it, else the lowest level, and the peaks."""
    together = np.concatenate(statistics)
    level, peaks = 0.0, list[float]()
    for share in LEVELS:
        level = float(np.quantile(together, share))
        peaks = [peak for clip in statistics for peak in peaks_over(clip, level, quiet)]
        if len(peaks) >= ENOUGH_PEAKS:
            break
    return level, peaks


def _seen(level: float, peaks: list[float], allowed: int) -> float:
    """The smallest value that no more than `allowed` peaks of the recording exceed."""
    largest_first = sorted(peaks, reverse=True)
    return largest_first[allowed] if allowed < len(largest_first) else level
