"""The daemon's alarms against labelled events, worked out by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_edge.detection.alarm import AlarmRule
from ocrgan_training.evaluation.alarms import (
    AlarmFigures,
    ClipAlarms,
    alarm_figures,
    alarms_of,
    clip_alarms,
)
from ocrgan_training.evaluation.kinds import KindFigures, KindInterval, kind_figures
from ocrgan_training.evaluation.protocol import ClipScores

RULE = AlarmRule(threshold=2.0, release=1.0, minimum_duration=0.2, cool_down=0.5)
FRAMES = 100
"""10 s at 10 frames/s, a window at every frame."""


def clip(*high: tuple[int, int], level: float = 3.0) -> ClipScores:
    """Scores 0 but for stretches of frames (first, one past last)."""
    score = np.zeros(FRAMES)
    for first, end in high:
        score[first:end] = level
    return ClipScores(
        frames=FRAMES,
        frames_per_second=10.0,
        clock=10.0,
        end=np.arange(FRAMES),
        at=np.arange(FRAMES) / 10,
        score=score,
        frame_scores=score[:, None],
    )


def labelled(*abnormal: tuple[int, int]) -> NDArray[np.bool_]:
    labels = np.zeros(FRAMES, np.bool_)
    for first, end in abnormal:
        labels[first:end] = True
    return labels


def figures(scores: ClipScores, labels: NDArray[np.bool_]) -> AlarmFigures:
    return alarm_figures({"a": clip_alarms(scores, labels, RULE)}, {"a": labels}, RULE.threshold)


def found(scores: ClipScores, labels: NDArray[np.bool_]) -> ClipAlarms:
    return clip_alarms(scores, labels, RULE)


def test_an_alarm_is_the_daemons() -> None:
    (alarm,) = alarms_of(clip((20, 40)), RULE)
    assert alarm.started_at == pytest.approx(2.0)
    assert alarm.raised_at == pytest.approx(2.2)
    assert alarm.ended_at == pytest.approx(3.9)


def test_an_alarm_that_is_on_at_the_clips_end_ends_there() -> None:
    (alarm,) = alarms_of(clip((90, 100)), RULE)
    assert alarm.ended_at == pytest.approx(9.9)


def test_an_event_is_found_when_an_alarm_is_on_during_it() -> None:
    result = figures(clip((25, 40)), labelled((20, 40), (60, 80)))
    assert (result.events, result.found, result.recall) == (2, 1, 0.5)


def test_delay_is_from_the_first_abnormal_frame_to_the_raised_alarm() -> None:
    assert figures(clip((25, 40)), labelled((20, 40))).median_delay == pytest.approx(0.7)


def test_an_alarm_that_comes_a_little_early_has_no_delay() -> None:
    assert figures(clip((10, 40)), labelled((20, 40))).median_delay == 0


def test_an_alarm_that_is_always_on_is_false_and_finds_nothing() -> None:
    result = figures(clip((0, 100)), labelled((30, 40), (60, 80)))
    assert (result.found, result.alarms, result.false_alarms) == (0, 1, 1)


def test_an_event_during_another_events_alarm_is_found_without_delay() -> None:
    result = figures(clip((20, 90)), labelled((20, 30), (60, 80)))
    assert (result.found, result.false_alarms) == (2, 0)
    assert result.median_delay == pytest.approx(0.1)  # of 0.2 and 0


def test_an_alarm_just_after_a_short_event_is_still_its_alarm() -> None:
    result = figures(clip((22, 30)), labelled((20, 23)))
    assert (result.found, result.false_alarms) == (1, 0)
    assert result.median_delay == pytest.approx(0.4)


def test_an_alarm_long_after_an_event_is_false() -> None:
    result = figures(clip((40, 50)), labelled((20, 23)))
    assert (result.found, result.false_alarms) == (0, 1)


def test_an_alarm_that_ended_before_the_event_is_false() -> None:
    result = figures(clip((10, 15)), labelled((40, 60)))
    assert (result.found, result.false_alarms, result.alarms) == (0, 1, 1)


def test_false_alarms_are_counted_per_hour_of_normal_frames() -> None:
    result = figures(clip((10, 15)), labelled((40, 60)))
    assert result.normal_hours == pytest.approx(8 / 3600)
    assert result.false_alarms_per_hour == pytest.approx(450)
    assert result.false_alarms_per_hour_bound == pytest.approx(4.7439 * 450, rel=1e-4)


def test_no_false_alarm_still_has_a_bound() -> None:
    result = figures(clip(), labelled())
    assert result.false_alarms_per_hour == 0
    assert result.false_alarms_per_hour_bound == pytest.approx(2.9957 * 360, rel=1e-4)


def test_precision_recall_and_f1_are_of_frames_with_an_alarm_on() -> None:
    # on from the raised alarm at frame 22 to the last high window, frame 39: 18 frames, 10 abnormal
    result = figures(clip((20, 40)), labelled((30, 50)))
    assert result.precision == pytest.approx(10 / 18)
    assert result.frame_recall == pytest.approx(10 / 20)
    assert result.f1 == pytest.approx(2 * 10 / (18 + 20))


def test_without_events_or_alarms_there_are_no_shares() -> None:
    result = figures(clip(), labelled())
    assert (result.recall, result.median_delay, result.precision, result.f1) == (None,) * 4


def test_a_clip_without_windows_has_no_alarm() -> None:
    empty = ClipScores(
        3, 10.0, 10.0, np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros((0, 8))
    )
    result = clip_alarms(empty, np.array([True, False, False]), RULE)
    assert result.alarms == ()
    assert not result.on.any()


def test_kinds_have_events_found_and_delay() -> None:
    clips = {"a": found(clip((25, 40)), labelled((20, 40), (60, 80)))}
    kinds = {"a": (KindInterval("runner", 2.0, 4.0), KindInterval("fall", 6.0, 8.0))}
    figures_of = kind_figures(clips, kinds)
    assert figures_of["fall"] == KindFigures(events=1, found=0, median_delay=None)
    assert (figures_of["runner"].events, figures_of["runner"].found) == (1, 1)
    assert figures_of["runner"].median_delay == pytest.approx(0.7)
