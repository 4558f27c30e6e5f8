"""The threshold that normal life crosses at most N times a day."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ocrgan_edge.detection.alarm import AlarmRule, AlarmState, step
from ocrgan_edge.detection.threshold import (
    SECONDS_PER_DAY,
    Tail,
    Wish,
    alarm_statistic,
    fit_tail,
    peaks_over,
    threshold_for,
    windows_needed,
)
from ocrgan_edge.errors import DataError

INTERVAL = 0.4
"""Seconds between windows: hop 4 at 10 frames/s."""


def wandering(count: int, seed: int) -> NDArray[np.float64]:
    """Scores as normal life gives them: neighbours alike (0.85), logarithm normally distributed."""
    noise = np.random.default_rng(seed).standard_normal(count) * math.sqrt(1 - 0.85**2)
    level = np.empty(count)
    state = 0.0
    for i, push in enumerate(noise):
        state = 0.85 * state + push
        level[i] = state
    return np.exp(0.5 * level)


def alarms_per_day(scores: NDArray[np.float64], threshold: float) -> float:
    statistic = alarm_statistic(scores, windows_needed(INTERVAL, Wish().minimum_duration))
    alarms = peaks_over(statistic, threshold, Wish().cool_down / INTERVAL)
    return len(alarms) / (scores.size * INTERVAL / SECONDS_PER_DAY)


@pytest.mark.parametrize(
    ("interval", "duration", "needed"),
    [(0.4, 0.8, 3), (0.1, 0.8, 9), (1.0, 0.8, 2), (0.8, 0.8, 2), (0.5, 0.0, 2), (0.3, 0.8, 4)],
)
def test_an_alarm_needs_windows_that_span_its_duration_and_at_least_two(
    interval: float, duration: float, needed: int
) -> None:
    assert windows_needed(interval, duration) == needed


def test_the_alarms_statistic_is_the_rolling_minimum() -> None:
    scores = np.array([1.0, 5, 4, 6, 2, 7])
    assert alarm_statistic(scores, 3).tolist() == [1, 4, 2, 2]


def test_a_clip_too_short_for_an_alarm_has_no_statistic() -> None:
    assert alarm_statistic(np.array([9.0, 9]), 3).size == 0


def test_peaks_that_are_close_are_one_alarm() -> None:
    statistic = np.array([0.0, 3, 0, 4, 0, 0, 0, 5, 0])
    assert peaks_over(statistic, 1.0, quiet=2) == [4, 5]


def test_peaks_at_the_level_do_not_count() -> None:
    assert peaks_over(np.array([1.0, 1, 1]), 1.0, quiet=2) == []


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


def test_the_threshold_is_never_below_the_largest_statistic_of_a_short_recording() -> None:
    quiet = np.zeros(300)
    quiet[100:103] = 8.0
    assert threshold_for([quiet, np.zeros(50)], INTERVAL, Wish()).value >= 8.0


def test_one_high_window_is_no_alarm_and_does_not_raise_the_threshold() -> None:
    scores = wandering(2000, seed=3)
    spiked = scores.copy()
    spiked[1000] = 100.0
    plain = threshold_for([scores], INTERVAL, Wish()).value
    assert threshold_for([spiked], INTERVAL, Wish()).value == pytest.approx(plain, rel=0.05)


@pytest.mark.parametrize("minutes", [10, 60, 480])
def test_in_simulation_the_wished_rate_is_kept(minutes: int) -> None:
    future = wandering(400_000, seed=99)
    rates = [
        alarms_per_day(
            future, threshold_for([wandering(minutes * 150, seed)], INTERVAL, Wish(10.0)).value
        )
        for seed in range(9)
    ]
    assert 0.5 < float(np.median(rates)) < 20


def test_a_recording_longer_than_the_wished_interval_keeps_the_wish_itself() -> None:
    scores = wandering(20_000, seed=4)
    wish = Wish(false_alarms_per_day=200.0)
    threshold = threshold_for([scores], INTERVAL, wish)
    assert threshold.extrapolated < 1
    assert alarms_per_day(scores, threshold.value) <= 200


def test_rarer_alarms_need_a_higher_threshold() -> None:
    scores = wandering(3000, seed=5)
    values = [threshold_for([scores], INTERVAL, Wish(rate)).value for rate in (100, 10, 1, 0.1)]
    assert values == sorted(values)
    assert len(set(values)) == 4


def test_scores_that_never_vary_still_get_a_margin() -> None:
    threshold = threshold_for([np.full(100, 2.0)], INTERVAL, Wish())
    assert threshold.median == 2.0
    assert threshold.value > 2.0


def test_nothing_reaches_from_one_clip_into_the_next() -> None:
    ends_high, starts_high = np.zeros(50), np.zeros(50)
    ends_high[-2:] = starts_high[:2] = (
        9.0  # three in a row are needed: only together there are four
    )
    assert threshold_for([ends_high, starts_high], INTERVAL, Wish()).value < 9.0


def test_length_and_extrapolation_are_told() -> None:
    threshold = threshold_for([np.zeros(1500), np.zeros(1500)], INTERVAL, Wish(2.0))
    assert threshold.windows == 3000
    assert threshold.minutes == pytest.approx(20)
    assert threshold.extrapolated == pytest.approx(36)  # 12 h wished, 20 min seen


def test_clips_too_short_for_an_alarm_are_refused() -> None:
    with pytest.raises(DataError, match="at most 2 windows each, but an alarm needs 3"):
        threshold_for([np.zeros(2), np.zeros(1)], INTERVAL, Wish())


def test_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="not a finite number"):
        threshold_for([np.array([0.0, np.nan, 0, 0])], INTERVAL, Wish())


@given(
    clips=st.lists(
        st.lists(st.floats(-10, 10), min_size=3, max_size=40).map(np.array), min_size=1, max_size=3
    )
)
def test_no_short_recording_raises_an_alarm_at_its_own_threshold(
    clips: list[NDArray[np.float64]],
) -> None:
    value = threshold_for(clips, INTERVAL, Wish()).value
    assert not any((alarm_statistic(clip, 3) > value).any() for clip in clips)


@given(
    scores=st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0]), min_size=1, max_size=30),
    interval=st.sampled_from([0.1, 0.2, 0.4, 0.5, 1.0]),
)
def test_an_alarm_is_raised_exactly_where_the_statistic_is_above(
    scores: list[float], interval: float
) -> None:
    rule = AlarmRule(threshold=1.5, release=1.0, minimum_duration=0.8)
    state, raised = AlarmState(), False
    for i, score in enumerate(scores):
        state, change = step(state, rule, score, i * interval)
        raised = raised or (change is not None and change.raised)
    statistic = alarm_statistic(np.array(scores), windows_needed(interval, 0.8))
    assert raised == bool((statistic > 1.5).any())
