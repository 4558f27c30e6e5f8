"""The alarms that recorded scores would have raised, by the house's own rule, without a loop.

A false alarm is an event of `alarm.step`, not a window: the minimum duration raises it, hysteresis
and cool-down keep together what belongs together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.alarm import ROUNDING, release_level

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AlarmWindows:
    """The alarm's durations as numbers of windows."""

    needed: int
    """In a row above the threshold: they raise an alarm."""

    quiet: int
    """In a row below the release: they end it."""

    @classmethod
    def of(cls, interval: float, minimum_duration: float, cool_down: float) -> AlarmWindows:
        """From seconds; `interval` lies between two windows."""
        return cls(windows_needed(interval, minimum_duration), spanning(interval, cool_down))


@dataclass(frozen=True, slots=True)
class RaisedAlarm:
    """An alarm that scores would have raised."""

    first: int
    """Place in the alarm's statistic at which it is above the threshold first."""
    last: int
    """… and last."""
    peak: float
    """The largest of the statistic: how high the threshold would have to be for no alarm."""


def spanning(interval: float, seconds: float) -> int:
    """Fewest windows whose first and last lie so many seconds apart."""
    return math.ceil(seconds / interval - ROUNDING) + 1


def windows_needed(interval: float, minimum_duration: float) -> int:
    """Windows in a row that an alarm needs above its threshold: they span the duration; 2 or more.

    Args:
        interval: seconds between two windows.
        minimum_duration: seconds.
    """
    return max(2, spanning(interval, minimum_duration))


def alarm_statistic(scores: Scores, needed: int) -> Scores:
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


def alarms_raised(
    scores: Scores, threshold: float, median: float, windows: AlarmWindows
) -> list[RaisedAlarm]:
    """The alarms of one clip in order of time.

    Args:
        scores: (n,) window scores in order of time, without gaps.
        threshold: that raises them.
        median: of normal life; with the threshold it gives the release.
        windows: the alarm's durations.
    """
    statistic = alarm_statistic(scores, windows.needed)
    above = np.flatnonzero(statistic > threshold)
    if not above.size:
        return []
    ended = np.zeros(scores.size, np.int64)
    if scores.size >= windows.quiet:
        below = scores < release_level(threshold, median)
        runs = np.lib.stride_tricks.sliding_window_view(below, windows.quiet)
        ended[windows.quiet - 1 :] = runs.all(axis=1)
    # Two windows belong to one alarm if nothing has ended it between them.
    number = np.cumsum(ended)[above + windows.needed - 1]
    alarms = np.split(above, np.flatnonzero(np.diff(number)) + 1)
    return [
        RaisedAlarm(int(alarm[0]), int(alarm[-1]), float(statistic[alarm].max()))
        for alarm in alarms
    ]


def alarm_peaks(
    scores: Scores, threshold: float, median: float, windows: AlarmWindows
) -> list[float]:
    """How high the threshold would have to be for none, of each alarm of `alarms_raised`."""
    return [alarm.peak for alarm in alarms_raised(scores, threshold, median, windows)]


def peaks_of_parts(
    parts: Scores, threshold: float, median: float, windows: AlarmWindows
) -> list[float]:
    """What stands out in a clip, each thing once: the picture's alarms and those beside them.

    Each alarm of the picture counts with its own peak, whichever parts it went through; of the
    parts' alarms within it, which are lower or as high, all but the highest count as well.

    Args:
        parts: (n, parts) scores of the picture's parts, whose largest is the picture's.
        threshold: that raises the alarms.
        median: of normal life, of the picture's scores.
        windows: the alarm's durations.
    """
    found: list[float] = []
    whole = alarms_raised(parts.max(axis=1, initial=-np.inf), threshold, median, windows)
    of_parts = [a for part in parts.T for a in alarms_raised(part, threshold, median, windows)]
    for alarm in whole:
        # A part above the threshold has the picture above it: its alarm lies within one of these.
        inside = [each.peak for each in of_parts if alarm.first <= each.first <= alarm.last]
        found += [alarm.peak, *sorted(inside)[:-1]]
    return found
