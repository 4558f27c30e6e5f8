from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.detection.alarm import (
    AlarmRule,
    AlarmState,
    Change,
    close,
    release_level,
    step,
)
from ocrgan_edge.detection.normal_alarms import alarm_statistic, windows_needed

RULE = AlarmRule(threshold=2.0, release=1.4, minimum_duration=0.8, cool_down=2.0)
INTERVAL = 0.4


def run(
    scores: Sequence[float], rule: AlarmRule = RULE, interval: float = INTERVAL
) -> list[Change]:
    state, changes = AlarmState(), []
    for index, score in enumerate(scores):
        state, change = step(state, rule, score, index * interval)
        if change:
            changes.append(change)
    return changes


def open_at(scores: Sequence[float], rule: AlarmRule) -> list[bool]:
    """For each window, whether an alarm is open after it."""
    state, is_open = AlarmState(), []
    for index, score in enumerate(scores):
        state, _ = step(state, rule, score, index * INTERVAL)
        is_open.append(state.event is not None)
    return is_open


def test_three_windows_that_span_the_minimum_duration_raise_an_alarm() -> None:
    """Windows at 0.4, 0.8 and 1.2 s span 0.8 s."""
    (raised,) = run([0, 3, 4, 3])
    assert raised.kind == "raised"
    assert raised.start == pytest.approx(0.4)
    assert raised.at == pytest.approx(1.2)
    assert (raised.event.peak, raised.event.peak_at) == (4, pytest.approx(0.8))


def test_two_windows_that_span_less_do_not() -> None:
    assert run([0, 9, 9, 0, 0]) == []


def test_one_window_is_never_enough_however_high() -> None:
    assert run([9], replace(RULE, minimum_duration=0.0)) == []


def test_two_windows_are_enough_where_no_duration_is_asked_for() -> None:
    (raised,) = run([3, 3], replace(RULE, minimum_duration=0.0))
    assert raised.at == pytest.approx(0.4)


def test_a_window_at_the_threshold_is_not_above_it() -> None:
    assert run([3, 3, 2.0, 3, 3]) == []


def test_a_fall_below_the_threshold_before_the_minimum_duration_starts_again() -> None:
    (raised,) = run([3, 3, 1, 3, 3, 3])
    assert raised.start == pytest.approx(3 * 0.4)


def test_an_alarm_ends_after_the_cool_down_below_the_release() -> None:
    """Below from 1.2 s on; 2 s later it ends; the last window not below was at 0.8 s."""
    raised, ended = run([3, 3, 3, 0, 0, 0, 0, 0, 0, 0])
    assert (ended.kind, raised.start) == ("ended", 0.0)
    assert ended.at == pytest.approx(3.2)
    assert ended.end == pytest.approx(0.8)
    assert ended.event.duration == pytest.approx(0.8)


def test_scores_between_release_and_threshold_keep_an_alarm_open() -> None:
    assert [change.kind for change in run([3, 3, 3] + [1.4] * 50)] == ["raised"]


def test_a_rise_during_the_cool_down_continues_the_same_alarm() -> None:
    changes = run([3, 3, 3, 0, 0, 5, 0, 0, 0, 0, 0, 0])
    assert [change.kind for change in changes] == ["raised", "ended"]
    assert changes[1].event.peak == 5
    assert changes[1].end == pytest.approx(5 * 0.4)


def test_after_an_end_another_alarm_is_another_event() -> None:
    changes = run([3] * 3 + [0] * 6 + [3] * 3)
    assert [change.kind for change in changes] == ["raised", "ended", "raised"]
    assert changes[2].start == pytest.approx(9 * 0.4)
    assert changes[2].event.peak == 3


def test_two_windows_far_apart_do_not_count_as_lasting() -> None:
    state, _ = step(AlarmState(), RULE, 0, -0.4)
    state, _ = step(state, RULE, 3, 0.0)
    state, change = step(state, RULE, 3, 60.0)
    assert change is None
    state, change = step(state, RULE, 3, 60.4)
    assert change is None


def test_windows_that_always_come_slowly_do_raise_an_alarm() -> None:
    """A model of one frame a second with 16 new frames per window."""
    (raised,) = run([0, 3, 3], interval=16.0)
    assert raised.start == 16.0


def test_silence_does_not_count_as_cool_down() -> None:
    state = AlarmState()
    for at in (0.0, 0.4, 0.8):
        state, _ = step(state, RULE, 3, at)
    state, _ = step(state, RULE, 0, 1.2)
    state, change = step(state, RULE, 0, 60.0)
    assert change is None
    _, change = step(state, RULE, 0, 62.0)
    assert change is not None
    assert change.kind == "ended"


def test_closing_ends_an_open_alarm() -> None:
    state = AlarmState()
    for at in (0.0, 0.4, 0.8):
        state, _ = step(state, RULE, 3, at)
    state, change = close(state, 1.0)
    assert change is not None
    assert (change.kind, change.end) == ("ended", 1.0)
    assert close(state, 2.0) == (state, None)
    assert state == AlarmState(ended_at=1.0)


def test_closing_during_the_cool_down_ends_where_the_alarm_did() -> None:
    state = AlarmState()
    for at, score in ((0.0, 3), (0.4, 3), (0.8, 3), (1.2, 0), (1.6, 0)):
        state, _ = step(state, RULE, score, at)
    _, change = close(state, 1.8)
    assert change is not None
    assert change.end == 0.8


HELD_OFF = replace(RULE, cool_down=0.4, hold_off=2.0)
ALARM_THEN_QUIET = [3, 3, 3, 0, 0]  # its end is decided at 1.6 s


def test_no_alarm_begins_in_the_hold_off() -> None:
    changes = run(ALARM_THEN_QUIET + [3] * 20, HELD_OFF)
    assert [change.kind for change in changes] == ["raised", "ended", "raised"]
    assert changes[1].at == pytest.approx(1.6)
    assert changes[2].start == pytest.approx(3.6)


def test_an_anomaly_that_is_over_within_the_hold_off_is_no_event() -> None:
    assert len(run(ALARM_THEN_QUIET + [3] * 4 + [0] * 5, HELD_OFF)) == 2


def test_anomalies_closer_than_the_cool_down_are_one_event_whatever_the_hold_off() -> None:
    changes = run([3, 3, 3, 0, 3, 3, 3, 0, 0], HELD_OFF)
    assert [change.kind for change in changes] == ["raised", "ended"]
    assert changes[1].end == pytest.approx(6 * 0.4)


def test_the_hold_off_outlasts_disarming() -> None:
    state = AlarmState()
    for at in (0.0, 0.4, 0.8):
        state, _ = step(state, HELD_OFF, 3, at)
    state, _ = close(state, 1.0)
    for at in (1.4, 1.8, 2.2, 2.6):
        state, change = step(state, HELD_OFF, 3, at)
        assert change is None
    assert state.rise is None


def test_a_source_that_starts_again_at_0_is_not_held_off() -> None:
    state, changes = AlarmState(ended_at=500.0), []
    for at in (0.0, 0.4, 0.8):
        state, change = step(state, HELD_OFF, 3, at)
        changes.append(change)
    assert changes[2] is not None


def test_release_lies_seven_tenths_of_the_way_from_median_to_threshold() -> None:
    assert release_level(threshold=2.0, median=0.0) == pytest.approx(1.4)
    assert release_level(threshold=11.0, median=1.0) == pytest.approx(8.0)


def test_release_is_never_above_a_threshold_set_by_hand() -> None:
    assert release_level(threshold=1.0, median=5.0) == 1.0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"release": 2.1}, "release is 2.1, above the threshold 2.0"),
        ({"minimum_duration": -0.1}, "minimum_duration is -0.1 s"),
        ({"cool_down": math.nan}, "cool_down is nan s"),
        ({"hold_off": -1.0}, "hold_off is -1.0 s"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(change: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(RULE, **change)


scores = st.lists(st.sampled_from([0.0, 1.0, 1.5, 1.9, 2.1, 2.5, 3.0]), max_size=80)
rules = st.builds(
    AlarmRule,
    threshold=st.sampled_from([1.8, 2.0, 2.2]),
    release=st.sampled_from([0.5, 1.4, 1.8]),
    minimum_duration=st.sampled_from([0.0, 0.4, 0.8, 1.7]),
    cool_down=st.sampled_from([0.0, 0.4, 2.0]),
)


@given(scores, rules)
def test_alarms_are_raised_and_end_in_turn(values: list[float], rule: AlarmRule) -> None:
    kinds = [change.kind for change in run(values, rule)]
    assert kinds == ["raised", "ended"] * (len(kinds) // 2) + ["raised"] * (len(kinds) % 2)


@given(scores, rules)
def test_no_alarm_is_shorter_than_the_minimum_duration(
    values: list[float], rule: AlarmRule
) -> None:
    for change in run(values, rule):
        assert change.end - change.start >= rule.minimum_duration - 1e-5
        assert change.start <= change.event.raised_at <= change.end <= change.at


@given(scores, rules)
def test_an_alarm_begins_after_the_one_before_has_ended(
    values: list[float], rule: AlarmRule
) -> None:
    changes = run(values, rule)
    for ended, raised in zip(changes[1::2], changes[2::2], strict=False):
        assert raised.start > ended.end


@given(scores, rules, st.sampled_from([0.0, 0.4, 1.2, 4.0]))
def test_between_two_events_lies_at_least_the_hold_off(
    values: list[float], rule: AlarmRule, hold_off: float
) -> None:
    changes = run(values, replace(rule, hold_off=hold_off))
    for ended, raised in zip(changes[1::2], changes[2::2], strict=False):
        assert raised.start - ended.at >= hold_off - 1e-5


@given(scores, rules)
def test_the_peak_is_the_largest_score_of_the_alarm(values: list[float], rule: AlarmRule) -> None:
    for change in run(values, rule):
        inside = [
            score
            for index, score in enumerate(values)
            if change.start - 1e-6 <= index * INTERVAL <= change.end + 1e-6
        ]
        assert change.event.peak == max(inside)
        assert change.event.peak > rule.threshold


@given(scores, rules, st.floats(0, 1))
def test_a_higher_threshold_with_the_same_release_never_alarms_when_the_lower_does_not(
    values: list[float], rule: AlarmRule, higher: float
) -> None:
    strict = replace(rule, threshold=rule.threshold + higher)
    assert all(
        lower or not upper
        for lower, upper in zip(open_at(values, rule), open_at(values, strict), strict=True)
    )


@given(scores, rules)
def test_a_step_depends_on_nothing_but_its_arguments(values: list[float], rule: AlarmRule) -> None:
    assert run(values, rule) == run(values, rule)


@given(scores, rules)
def test_an_alarm_is_raised_exactly_where_calibration_expects_one(
    values: list[float], rule: AlarmRule
) -> None:
    needed = windows_needed(INTERVAL, rule.minimum_duration)
    statistic = alarm_statistic(np.array(values), needed)
    assert bool(run(values, rule)) == bool((statistic > rule.threshold).any())
