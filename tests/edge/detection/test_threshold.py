"""The threshold that normal life crosses at most N times a day."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ocrgan_edge.detection.normal_alarms import AlarmWindows, alarm_peaks, alarm_statistic
from ocrgan_edge.detection.threshold import (
    SECONDS_PER_DAY,
    Wish,
    extrapolation_warning,
    silent_threshold,
    threshold_for,
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
    wish = Wish()
    windows = AlarmWindows.of(INTERVAL, wish.minimum_duration, wish.cool_down)
    alarms = alarm_peaks(scores, threshold, float(np.median(scores)), windows)
    return len(alarms) / (scores.size * INTERVAL / SECONDS_PER_DAY)


def test_the_threshold_is_never_below_the_largest_statistic_of_a_short_recording() -> None:
    quiet = np.zeros(300)
    quiet[100:103] = 8.0
    assert threshold_for([quiet, np.zeros(50)], INTERVAL, Wish()).value >= 8.0


def test_the_silent_threshold_is_the_highest_that_lasted_long_enough_for_an_alarm() -> None:
    scores = np.zeros(20)
    scores[3] = 9.0  # one window: no alarm
    scores[8:11] = 5.0, 7.0, 6.0  # three span 0.8 s: an alarm at every threshold below 5
    later = np.array([0.0, 4.0, 4.0, 4.0])
    assert silent_threshold([scores, later], INTERVAL, Wish()) == 5.0


def test_one_high_window_is_no_alarm_and_does_not_raise_the_threshold() -> None:
    scores = wandering(2000, seed=3)
    spiked = scores.copy()
    spiked[1000] = 100.0
    plain = threshold_for([scores], INTERVAL, Wish()).value
    assert threshold_for([spiked], INTERVAL, Wish()).value == pytest.approx(plain, rel=0.05)


@pytest.fixture(scope="module")
def future() -> NDArray[np.float64]:
    """Nearly seventeen hours."""
    return wandering(150_000, seed=99)


@pytest.mark.parametrize("minutes", [10, 60])
def test_in_simulation_the_wished_rate_is_kept_however_short_the_recording(
    minutes: int, future: NDArray[np.float64]
) -> None:
    rates = [
        alarms_per_day(
            future, threshold_for([wandering(minutes * 150, seed)], INTERVAL, Wish(10.0)).value
        )
        for seed in range(8)
    ]
    assert sum(rate <= 10 for rate in rates) >= 7


def test_in_simulation_the_estimate_is_about_right(future: NDArray[np.float64]) -> None:
    rates = [
        alarms_per_day(
            future, threshold_for([wandering(6000, seed)], INTERVAL, Wish(10.0)).estimate
        )
        for seed in range(9)
    ]
    assert 3 < float(np.median(rates)) < 30


def test_what_a_short_recording_does_not_know_makes_its_threshold_higher() -> None:
    def margin(minutes: int) -> float:
        found = [
            threshold_for([wandering(minutes * 150, seed)], INTERVAL, Wish()) for seed in range(5)
        ]
        return float(np.median([one.value - one.estimate for one in found]))

    assert margin(15) > margin(240)


def test_a_recording_longer_than_the_wished_interval_keeps_the_wish_itself() -> None:
    scores = wandering(20_000, seed=4)
    wish = Wish(false_alarms_per_day=200.0)
    threshold = threshold_for([scores], INTERVAL, wish)
    assert threshold.extrapolated < 1
    assert alarms_per_day(scores, threshold.value) <= 200
    assert extrapolation_warning(threshold, wish) is None


def test_a_short_recording_says_what_it_can_show_and_what_would_be_needed() -> None:
    """No alarm in t days shows 3.0/t a day at most: 20 minutes 216, and 1 a day takes 3.0 days."""
    warning = extrapolation_warning(threshold_for([np.zeros(3000)], INTERVAL, Wish()), Wish())
    assert warning == (
        "1 false alarms a day cannot be seen in 20.0 minutes of normal video: they can show 216 a "
        "day at best, and 71.9 quiet hours would be needed; the threshold is the upper 95 % "
        "bound of a tail through 0 peaks"
    )


def test_a_tail_is_followed_for_a_hundred_recordings_lengths_and_no_farther() -> None:
    """5 minutes reach 500 minutes: 2.88 alarms a day is the least they can be asked for."""
    scores = wandering(750, seed=3)
    found = threshold_for([scores], INTERVAL, Wish(1.0))
    assert found.per_day == pytest.approx(2.88)
    assert found.value == threshold_for([scores], INTERVAL, Wish(2.88)).value
    told = extrapolation_warning(found, Wish(1.0))
    assert told is not None
    assert "for 2.88 alarms a day" in told
    assert "the wish takes 14.4 minutes" in told


def test_parts_of_one_column_are_the_windows_scores() -> None:
    scores = wandering(2000, seed=5)
    whole = threshold_for([scores], INTERVAL, Wish())
    assert threshold_for([scores[:, None]], INTERVAL, Wish()) == whole


def test_an_alarm_of_each_part_is_a_peak_of_the_tail() -> None:
    """Left and right stand out at once: one alarm of the picture, two of its parts."""
    parts = np.zeros((400, 2))
    parts[100:103] = 4.0, 3.0
    found = threshold_for([parts], INTERVAL, Wish())
    assert found.peaks == 2
    assert threshold_for([parts.max(axis=1)], INTERVAL, Wish()).peaks == 1


def test_what_raises_alarms_is_the_largest_part() -> None:
    """No part by itself stays above 4 for the three windows of an alarm, but together they do."""
    parts = np.zeros((100, 2))
    parts[50], parts[51], parts[52] = (6.0, 0.0), (0.0, 5.0), (6.0, 0.0)
    assert silent_threshold([parts], INTERVAL, Wish()) == 5.0
    assert threshold_for([parts], INTERVAL, Wish()).value >= 5.0


def street(minutes: int, seed: int) -> NDArray[np.float64]:
    """Three parts in which cars, one in 40 seconds, stay for two windows each: none by itself
    lasts for an alarm. How high a car stands differs from car to car."""
    random = np.random.default_rng(seed)
    parts = random.gamma(2.0, 0.2, (minutes * 150, 3))
    for first in np.flatnonzero(random.random(len(parts) - 6) < 0.01):
        for part in range(3):
            parts[first + 2 * part : first + 2 * part + 2, part] += random.gamma(4.0, 0.3)
    return parts


def test_what_crosses_parts_too_fast_for_each_counts_as_the_picture_hears_it() -> None:
    """Cars raise the picture's alarms only, and the tail stands on them."""
    future = street(1000, seed=99).max(axis=1)
    found = [threshold_for([street(15, seed)], INTERVAL, Wish(24.0)) for seed in range(20)]
    assert sum(alarms_per_day(future, each.value) <= 24 for each in found) >= 18


def test_parts_that_do_not_count_change_nothing() -> None:
    """Of six parts three lie in an ignored zone: −inf."""
    parts = picture(3, seed=1)[:, :3]
    nowhere = np.full_like(parts, -np.inf)
    wish = Wish(10.0)
    assert threshold_for([np.hstack([parts, nowhere])], INTERVAL, wish) == threshold_for(
        [parts], INTERVAL, wish
    )


def picture(minutes: int, seed: int) -> NDArray[np.float64]:
    """Six parts that know nothing of each other."""
    parts = [wandering(minutes * 150, 1000 * seed + part) for part in range(6)]
    return np.stack(parts, axis=1)


@pytest.mark.parametrize("minutes", [10, 20])
def test_in_simulation_alarms_of_parts_keep_the_wished_rate_of_the_picture(minutes: int) -> None:
    future = picture(1000, seed=99).max(axis=1)
    rates = [
        alarms_per_day(future, threshold_for([picture(minutes, seed)], INTERVAL, Wish(10.0)).value)
        for seed in range(20)
    ]
    assert sum(rate <= 10 for rate in rates) >= 18


def test_in_simulation_alarms_of_parts_know_more_of_a_short_recording() -> None:
    def share(seed: int) -> float:
        parts = picture(3, seed)
        whole = threshold_for([parts.max(axis=1)], INTERVAL, Wish(10.0))
        return threshold_for([parts], INTERVAL, Wish(10.0)).value / whole.value

    assert float(np.median([share(seed) for seed in range(20)])) < 0.9


def test_what_keeps_together_for_the_alarm_counts_once() -> None:
    """Two peaks between which the score never falls below the release are one alarm."""
    scores = np.tile([0.0] * 20 + [9.0] * 3 + [6.5] * 20 + [8.0] * 3 + [0.0] * 20, 5)
    windows = AlarmWindows.of(INTERVAL, 0.8, 2.0)
    assert alarm_peaks(scores, 7.0, 0.0, windows) == [9.0] * 5
    assert alarm_peaks(scores, 7.0, 6.9, windows) == [9.0, 8.0] * 5


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


@settings(deadline=None, max_examples=30)
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
