"""Peaks of normal life over a level, and how far they reach when they come more rarely.

Peaks over threshold: excesses over a high level follow a generalised Pareto distribution (Pickands
1975), fitted by probability-weighted moments (Hosking and Wallis 1987, Technometrics 29). How well
the fit is known is asked of resampled peaks (Efron and Tibshirani 1993, percentile bootstrap): one
peak stands for one cluster, and clusters come independently.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HEAVIEST = 0.3
"""Largest shape of the tail that is believed. Scores are bounded sums: heavier is an accident."""
SMALLEST_SCALE = 1e-3
"""Of the largest statistic: scores that hardly vary still get a margin."""
RESAMPLES = 500
SEED = 20
"""The same peaks give the same bound."""
MOST_RESAMPLED = 2000
"""Peaks; more make the bound no better, only slower."""

Floats = NDArray[np.float64]


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
        rarer = np.array([self.peaks_per_day / times_per_day])
        return self.level + float(_excess(np.array([self.shape]), np.array([self.scale]), rarer)[0])


def fit_tail(level: float, peaks: Sequence[float], days: float) -> Tail:
    """Fits a generalised Pareto tail by probability-weighted moments.

    With b = mean excess and a = Σ(1 − pᵢ)·excessᵢ/n over sorted excesses, pᵢ = (i − 0.35)/n:
    shape = 2 − b/(b − 2a), held within 0 … 0.3; scale = b·(1 − shape), so that the mean stays.

    Args:
        level: what the peaks lie above.
        peaks: each cluster's largest value.
        days: length of the recording.
    """
    excess = np.asarray(peaks, np.float64) - level
    smallest = _smallest_scale(level, excess)
    if excess.size == 0:
        return Tail(level, 1 / days, 0.0, smallest)
    shape, scale = _fit(excess[None])
    return Tail(level, excess.size / days, float(shape[0]), max(float(scale[0]), smallest))


def bound_reached(
    level: float, peaks: Sequence[float], days: float, times_per_day: float, confidence: float
) -> float:
    """What `Tail.reached` is below with so much confidence; never below the level.

    Peaks are drawn again with replacement, as many as a Poisson process of that rate gives, and
    the tail is fitted to each draw. Of few peaks no draw can know more than they do: with fewer
    than about ten the bound is too small (docs/calibration.md).

    Args:
        level: what the peaks lie above.
        peaks: each cluster's largest value.
        days: length of the recording.
        times_per_day: wished rate.
        confidence: 0 … 1.
    """
    excess = np.asarray(peaks, np.float64) - level
    if excess.size == 0:
        return fit_tail(level, peaks, days).reached(times_per_day)
    random = np.random.default_rng(SEED)
    drawn = random.choice(excess, (RESAMPLES, min(excess.size, MOST_RESAMPLED)))
    shape, scale = _fit(drawn)
    per_day = random.poisson(excess.size, RESAMPLES) / days
    scale = np.maximum(scale, _smallest_scale(level, excess))
    reached = _excess(shape, scale, per_day / times_per_day)
    return level + float(np.quantile(reached, confidence))


def _fit(excess: Floats) -> tuple[Floats, Floats]:
    """Shape and scale (m,) of m samples (m, n)."""
    ordered = np.sort(excess, axis=1)
    count = ordered.shape[1]
    mean = ordered.mean(axis=1)
    weighted = (ordered * (1 - (np.arange(1, count + 1) - 0.35) / count)).mean(axis=1)
    room = mean - 2 * weighted
    shape = np.where(room > 0, 2 - mean / np.where(room > 0, room, 1.0), 0.0)
    shape = np.clip(shape, 0.0, HEAVIEST)
    return shape, mean * (1 - shape)


def _excess(shape: Floats, scale: Floats, rarer: Floats) -> Floats:
    """Above the level, what is reached once in so many peaks; 0 where every peak reaches it."""
    log = np.log(np.maximum(rarer, 1.0))
    straight = np.where(shape > 0, shape, 1.0)
    heavy = np.expm1(straight * log) / straight
    return np.asarray(scale * np.where(shape > 0, heavy, log))


def _smallest_scale(level: float, excess: Floats) -> float:
    return SMALLEST_SCALE * max(abs(level), float(excess.max(initial=0)), SMALLEST_SCALE)


def most_seen(expected: float, confidence: float) -> int:
    """How many events may have come, so that a rate is shown to be kept; −1 if none could show it.

    With k events, the rate's exact upper bound is the mean m of the Poisson distribution that
    gives k or fewer with probability 1 − confidence (Garwood 1936); this is the largest k whose
    bound is `expected` or less. No event at all shows 3.0 with 95 % confidence.

    Args:
        expected: the rate times the length of the recording.
        confidence: 0 … 1.
    """
    number, log_term, total = -1, -expected, 0.0
    while (total := total + math.exp(log_term)) <= 1 - confidence:
        number += 1
        log_term += math.log(expected / (number + 1))
    return number
