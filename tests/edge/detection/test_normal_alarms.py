"""Alarms of recorded scores, counted without the alarm's own loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrgan_edge.detection.alarm import AlarmRule, AlarmState, release_level, step
from ocrgan_edge.detection.normal_alarms import (
    AlarmWindows,
    alarm_peaks,
    alarm_statistic,
    peaks_of_parts,
    windows_needed,
)


@pytest.mark.parametrize(
    ("interval", "duration", "needed"),
    [(0.4, 0.8, 3), (0.1, 0.8, 9), (1.0, 0.8, 2), (0.8, 0.8, 2), (0.5, 0.0, 2), (0.3, 0.8, 4)],
)
def test_an_alarm_needs_windows_that_span_its_duration_and_at_least_two(
    interval: float, duration: float, needed: int
) -> None:
    assert windows_needed(interval, duration) == needed


def test_an_alarm_ends_after_windows_that_span_its_cool_down() -> None:
    assert AlarmWindows.of(0.4, 0.8, 2.0) == AlarmWindows(needed=3, quiet=6)
    assert AlarmWindows.of(0.4, 0.8, 0.0).quiet == 1


def test_the_alarms_statistic_is_the_rolling_minimum() -> None:
    scores = np.array([1.0, 5, 4, 6, 2, 7])
    assert alarm_statistic(scores, 3).tolist() == [1, 4, 2, 2]


def test_a_clip_too_short_for_an_alarm_has_no_statistic() -> None:
    assert alarm_statistic(np.array([9.0, 9]), 3).size == 0


def test_peaks_that_are_closer_than_the_cool_down_are_one_alarm() -> None:
    scores = np.array([0.0, 3, 3, 0, 4, 4, 0, 0, 0, 5, 5, 0])
    assert alarm_peaks(scores, 1.0, 0.0, AlarmWindows(needed=2, quiet=3)) == [4, 5]


def test_an_alarm_counts_with_the_pictures_peak_and_others_beside_it_with_theirs() -> None:
    """Two windows make an alarm. In the first, a thing of 5 crosses from left to right within it
    while the right part stands at 3; in the second, only the left part stands out."""
    left = np.array([0.0, 5, 5, 0, 0, 0, 0, 0, 4, 4, 0])
    right = np.array([0.0, 0, 3, 5, 5, 3, 0, 0, 0, 0, 0])
    parts = np.stack([left, right], axis=1)
    assert peaks_of_parts(parts, 1.0, 0.0, AlarmWindows(needed=2, quiet=2)) == [5, 5, 4]


def test_what_no_part_holds_long_enough_counts_as_the_picture_hears_it() -> None:
    parts = np.array([[0.0, 0], [6, 0], [0, 5], [6, 0], [0, 0]])
    windows = AlarmWindows(needed=3, quiet=2)
    assert alarm_peaks(parts[:, 0], 1.0, 0.0, windows) == []
    assert peaks_of_parts(parts, 1.0, 0.0, windows) == [5]


def test_scores_at_the_threshold_raise_no_alarm() -> None:
    assert alarm_peaks(np.ones(9), 1.0, 0.0, AlarmWindows(2, 3)) == []


@settings(deadline=None)
@given(
    scores=st.lists(st.sampled_from([0.0, 0.9, 1.2, 2.0, 3.0]), min_size=1, max_size=60),
    interval=st.sampled_from([0.1, 0.2, 0.4, 0.5, 1.0]),
    durations=st.tuples(st.sampled_from([0.0, 0.5, 0.8]), st.sampled_from([0.0, 1.0, 2.0])),
    threshold=st.sampled_from([0.5, 1.5, 2.5]),
)
def test_the_alarms_counted_are_those_that_the_alarm_raises(
    scores: list[float], interval: float, durations: tuple[float, float], threshold: float
) -> None:
    median = 0.0
    rule = AlarmRule(threshold, release_level(threshold, median), *durations)
    state, raised = AlarmState(), 0
    for number, score in enumerate(scores):
        state, change = step(state, rule, score, number * interval)
        raised += change is not None and change.raised
    windows = AlarmWindows.of(interval, *durations)
    assert len(alarm_peaks(np.array(scores), threshold, median, windows)) == raised
