"""Rule: above 2 for 1 s (3 windows, 0.5 s apart) raises; below 1.5 for 1 s ends."""

from collections.abc import Callable, Iterator

import pytest

from ocrgan_edge.alerts.event import Box
from ocrgan_edge.alerts.life import Origin
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.clock import MediaClock
from ocrgan_edge.detection.alarm import AlarmRule
from ocrgan_edge.errors import SourceError
from ocrgan_edge.runtime.scoring import ScoredWindow
from ocrgan_edge.service.camera import Camera, Intervals

Windows = Callable[..., list[ScoredWindow]]
RULE = AlarmRule(threshold=2.0, release=1.5, minimum_duration=1.0, cool_down=1.0)
QUIET, LOUD = 0.0, 3.0


def camera(record, **intervals: float) -> Camera:
    clock = MediaClock(keeps_pace=False, now=lambda: 0.0, synced=lambda: True)
    clock.start(0.0)
    voice = (record, Topics("ocrgan", "attic"))
    return Camera(Origin("door", RULE, "0" * 64), voice, clock, Intervals(**intervals))


def ended() -> str:
    return "source_ended"


def test_an_event_is_new_then_updated_then_ended(record, make_windows: Windows) -> None:
    scores = [QUIET, LOUD, LOUD, LOUD, LOUD, QUIET, QUIET, QUIET]
    camera(record, update=0.5).watch(make_windows(*scores), ended)
    assert [event.type for event in record.events] == ["new", *3 * ["update"], "end"]
    assert len({event.event_id for event in record.events}) == 1


def test_each_step_says_what_the_step_before_said(record, make_windows: Windows) -> None:
    scores = [LOUD, LOUD, LOUD, LOUD, QUIET, QUIET, QUIET]
    camera(record).watch(make_windows(*scores), ended)
    befores = [event.before for event in record.events]
    assert befores == [None, *[event.after for event in record.events[:-1]]]


def test_an_event_starts_at_the_first_window_above_and_ends_at_the_last_not_quiet(
    record, make_windows: Windows
) -> None:
    scores = [QUIET, LOUD, LOUD, LOUD, 1.75, QUIET, QUIET, QUIET]
    camera(record).watch(make_windows(*scores), ended)
    state = record.events[-1].after
    assert (state.media_start, state.media_end, state.duration) == (0.5, 2.0, 1.5)
    assert (state.start.timestamp(), state.end.timestamp()) == (0.5, 2.0)
    assert state.end_reason == "quiet"


def test_two_events_have_two_names(record, make_windows: Windows) -> None:
    one = [LOUD, LOUD, LOUD, QUIET, QUIET, QUIET]
    camera(record).watch(make_windows(*one, *one), ended)
    assert [event.type for event in record.events] == ["new", "end", "new", "end"]
    assert len({event.event_id for event in record.events}) == 2
    assert record.events[2].before is None


def test_peak_boxes_and_shares_are_those_of_the_highest_score_so_far(
    record, make_windows: Windows
) -> None:
    scores = [LOUD, 5.0, LOUD, LOUD, QUIET, QUIET, QUIET]
    camera(record).watch(make_windows(*scores), ended)
    for event in record.events:
        assert event.after.peak_score == 5.0
        assert event.after.boxes == (Box(left=0, top=0, width=0.5, height=0.5, score=5.0),)
        assert event.after.shares.motion == 0.75
    assert record.events[0].after.score == LOUD


def test_the_peak_of_a_rise_that_was_no_alarm_is_forgotten(record, make_windows: Windows) -> None:
    camera(record).watch(make_windows(9.0, QUIET, LOUD, LOUD, LOUD), ended)
    assert record.events[0].after.peak_score == LOUD


def test_updates_keep_their_distance(record, make_windows: Windows) -> None:
    camera(record, update=1.5).watch(make_windows(*[LOUD] * 10), ended)
    told = [event.after.duration for event in record.events if event.type != "end"]
    assert told == [1.0, 2.5, 4.0]


@pytest.mark.parametrize("reason", ["stopped", "source_ended"])
def test_an_open_event_is_ended_when_no_more_windows_come(
    record, make_windows: Windows, reason: str
) -> None:
    camera(record).watch(make_windows(LOUD, LOUD, LOUD), lambda: reason)
    assert [event.type for event in record.events] == ["new", "end"]
    assert record.events[-1].after.end_reason == reason
    assert record.events[-1].after.media_end == 1.0


def test_an_open_event_is_ended_when_the_source_fails(record, make_windows: Windows) -> None:
    def failing() -> Iterator[ScoredWindow]:
        yield from make_windows(LOUD, LOUD, LOUD)
        raise SourceError("the cable was pulled")

    with pytest.raises(SourceError, match="cable"):
        camera(record).watch(failing(), ended)
    assert record.events[-1].after.end_reason == "source_failed"
    assert record.anomaly[-1] is False


def test_anomaly_is_off_at_first_on_in_an_event_and_off_after_it(
    record, make_windows: Windows
) -> None:
    camera(record).watch(make_windows(LOUD, LOUD, LOUD, QUIET, QUIET, QUIET), ended)
    assert record.anomaly == [False, True, False]


def test_scores_are_published_at_most_once_per_interval(record, make_windows: Windows) -> None:
    camera(record, score=3600).watch(make_windows(QUIET, LOUD, QUIET), ended)
    assert [score.score for score in record.scores] == [QUIET]


def test_without_an_interval_every_score_is_published(record, make_windows: Windows) -> None:
    camera(record, score=0).watch(make_windows(QUIET, LOUD), ended)
    assert [(score.score, score.media_time) for score in record.scores] == [(0.0, 0.0), (3.0, 0.5)]
