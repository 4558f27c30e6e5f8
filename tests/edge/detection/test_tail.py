"""Tails of peaks, and what is known of them."""

import math

import numpy as np
import pytest

from ocrgan_edge.detection.tail import Tail, bound_reached, fit_tail, most_seen


def test_an_exponential_tail_reaches_ln_10_scales_per_tenfold_rarity() -> None:
    tail = Tail(level=2.0, peaks_per_day=100.0, shape=0.0, scale=0.5)
    assert tail.reached(10.0) == pytest.approx(2 + 0.5 * math.log(10))


def test_a_heavy_tail_reaches_farther() -> None:
    tail = Tail(level=0.0, peaks_per_day=16.0, shape=0.25, scale=1.0)
    assert tail.reached(1.0) == pytest.approx(4 * (16**0.25 - 1))


def test_a_tail_never_reaches_below_its_level() -> None:
    assert Tail(2.0, 10.0, 0.0, 1.0).reached(1000.0) == 2.0


def test_the_tails_mean_excess_is_the_peaks() -> None:
    tail = fit_tail(1.0, [1.5, 2.0, 4.5], days=0.5)
    assert tail.peaks_per_day == 6
    assert tail.scale / (1 - tail.shape) == pytest.approx((0.5 + 1.0 + 3.5) / 3)


def test_exponential_peaks_give_an_exponential_tail() -> None:
    peaks = np.random.default_rng(1).exponential(2.0, 20_000)
    tail = fit_tail(0.0, peaks.tolist(), days=1.0)
    assert tail.shape == pytest.approx(0, abs=0.02)
    assert tail.scale == pytest.approx(2, rel=0.03)


def test_heavy_peaks_give_a_heavy_tail() -> None:
    uniform = np.random.default_rng(2).random(50_000)
    peaks = (uniform**-0.2 - 1) / 0.2  # generalised Pareto, shape 0.2, scale 1
    assert fit_tail(0.0, peaks.tolist(), days=1.0).shape == pytest.approx(0.2, abs=0.03)


def test_the_bound_holds_for_nearly_all_recordings() -> None:
    """Exponential peaks, 60 a day; once a day they exceed ln 60."""
    random = np.random.default_rng(3)
    held = [
        bound_reached(0.0, random.exponential(1.0, random.poisson(60)).tolist(), 1.0, 1.0, 0.95)
        > math.log(60)
        for _ in range(60)
    ]
    assert sum(held) >= 52


def test_the_same_peaks_give_the_same_bound() -> None:
    peaks = [1.0, 3.0, 2.0]
    assert bound_reached(0, peaks, 0.1, 1, 0.95) == bound_reached(0, peaks, 0.1, 1, 0.95)


def test_without_peaks_the_bound_is_that_of_scores_that_hardly_vary() -> None:
    assert bound_reached(2.0, [], 0.1, 1.0, 0.95) == fit_tail(2.0, [], 0.1).reached(1.0) > 2.0


@pytest.mark.parametrize(
    ("expected", "seen"), [(2.9, -1), (3.0, 0), (4.75, 1), (4.7, 0), (10.6, 5), (2000.0, 1926)]
)
def test_events_that_still_show_a_rate(expected: float, seen: int) -> None:
    """Upper 95 % bounds of 0, 1 and 5 events: 3.00, 4.74 and 10.51 (Garwood's table)."""
    assert most_seen(expected, 0.95) == seen
