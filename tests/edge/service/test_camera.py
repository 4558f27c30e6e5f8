"""Rule: above 2 for 1 s (3 windows, 0.5 s apart) raises; below 1.5 for 1 s ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ocrgan_edge.alerts.event import Box
from ocrgan_edge.alerts.evidence.camera import CameraEvidence
from ocrgan_edge.alerts.life import Life, Origin
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.clock import MediaClock
from ocrgan_edge.detection.zones import Zone, Zones
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.runtime.scoring import ScoredWindow
from ocrgan_edge.service.camera import Camera, Outlook
from ocrgan_edge.service.rule import Tuning
from ocrgan_edge.service.voice import Voice

Windows = Callable[..., list[ScoredWindow]]
# Release = 1/3 + 0.7 · (2 − 1/3) = 1.5
TUNING = Tuning(median=1 / 3, base=2.0, minimum_duration=1.0, cool_down=1.0)
QUIET, LOUD = 0.0, 3.0
GRID = (2, 2)
STATISTICS = LocationStatistics.neutral((5, *GRID))
LEFT = Zone("left", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
RIGHT = Zone("right", ((0.5, 0), (1, 0), (1, 1), (0.5, 1)))


def camera(record, *zones: Zone, update: float = 2.0, score: float = 1.0) -> Camera:
    clock = MediaClock(keeps_pace=False, now=lambda: 0.0, synced=lambda: True)
    clock.start(0.0)
    evidence = CameraEvidence("door", None)
    for tenth in range(45):
        evidence.see(np.zeros((32, 32, 3), np.uint8), tenth / 10)
    life = Life(Origin("door", "0" * 64), clock, update, evidence)
    voice = Voice(record, Topics("ocrgan", "attic"), "door")
    made = Camera(voice, life, clock, Outlook(Zones(zones, GRID), recent=4), TUNING)
    made.score_interval = score
    return made


def watch(made: Camera, windows: list[ScoredWindow], reason: str = "source_ended") -> None:
    for window in windows:
        made.take(window, STATISTICS)
    made.end(reason)


def test_an_event_is_new_then_updated_then_ended(record, make_windows: Windows) -> None:
    scores = [QUIET, LOUD, LOUD, LOUD, LOUD, QUIET, QUIET, QUIET]
    watch(camera(record, update=0.5), make_windows(*scores))
    assert [event.type for event in record.events] == ["new", *3 * ["update"], "end"]
    assert len({event.event_id for event in record.events}) == 1


def test_each_step_says_what_the_step_before_said(record, make_windows: Windows) -> None:
    scores = [LOUD, LOUD, LOUD, LOUD, QUIET, QUIET, QUIET]
    watch(camera(record), make_windows(*scores))
    befores = [event.before for event in record.events]
    assert befores == [None, *[event.after for event in record.events[:-1]]]


def test_an_event_starts_at_the_first_window_above_and_ends_at_the_last_not_quiet(
    record, make_windows: Windows
) -> None:
    scores = [QUIET, LOUD, LOUD, LOUD, 1.75, QUIET, QUIET, QUIET]
    watch(camera(record), make_windows(*scores))
    state = record.events[-1].after
    assert (state.media_start, state.media_end, state.duration) == (0.5, 2.0, 1.5)
    assert (state.start.timestamp(), state.end.timestamp()) == (0.5, 2.0)
    assert state.end_reason == "quiet"


def test_two_events_have_two_names(record, make_windows: Windows) -> None:
    one = [LOUD, LOUD, LOUD, QUIET, QUIET, QUIET]
    watch(camera(record), make_windows(*one, *one))
    assert [event.type for event in record.events] == ["new", "end", "new", "end"]
    assert len({event.event_id for event in record.events}) == 2
    assert record.events[2].before is None


def test_peak_boxes_and_shares_are_those_of_the_highest_score_so_far(
    record, make_windows: Windows
) -> None:
    scores = [LOUD, 5.0, LOUD, LOUD, QUIET, QUIET, QUIET]
    watch(camera(record), make_windows(*scores))
    for event in record.events:
        assert event.after.peak_score == 5.0
        assert event.after.boxes == (Box(left=0, top=0, width=0.5, height=0.5, score=5.0),)
        assert event.after.shares.motion == 0.75
    assert record.events[0].after.score == LOUD


def test_the_peak_of_a_rise_that_was_no_alarm_is_forgotten(record, make_windows: Windows) -> None:
    watch(camera(record), make_windows(9.0, QUIET, LOUD, LOUD, LOUD))
    assert record.events[0].after.peak_score == LOUD


def test_updates_keep_their_distance(record, make_windows: Windows) -> None:
    watch(camera(record, update=1.5), make_windows(*[LOUD] * 10))
    told = [event.after.duration for event in record.events if event.type != "end"]
    assert told == [1.0, 2.5, 4.0]


@pytest.mark.parametrize("reason", ["stopped", "source_ended", "source_failed"])
def test_an_open_event_is_ended_when_no_more_windows_come(
    record, make_windows: Windows, reason: str
) -> None:
    watch(camera(record), make_windows(LOUD, LOUD, LOUD), reason)
    assert [event.type for event in record.events] == ["new", "end"]
    assert record.events[-1].after.end_reason == reason
    assert record.events[-1].after.media_end == 1.0
    assert record.anomaly[-1] is False


def test_disarming_ends_an_open_event_and_no_other_begins(record, make_windows: Windows) -> None:
    made = camera(record)
    windows = make_windows(*[LOUD] * 10)
    for window in windows[:3]:
        made.take(window, STATISTICS)
    made.arm(False)
    for window in windows[3:]:
        made.take(window, STATISTICS)
    assert [event.type for event in record.events] == ["new", "end"]
    assert record.events[-1].after.end_reason == "disabled"


def test_a_disarmed_camera_still_tells_its_score(record, make_windows: Windows) -> None:
    made = camera(record, score=0)
    made.arm(False)
    watch(made, make_windows(LOUD, LOUD))
    assert [message.score for message in record.scores] == [LOUD, LOUD]


def test_another_threshold_counts_from_the_next_window_on(record, make_windows: Windows) -> None:
    made = camera(record)
    made.tune(Tuning(median=0.0, base=10.0, minimum_duration=1.0))
    watch(made, make_windows(*[LOUD] * 5))
    assert record.events == []


def test_an_anomaly_in_no_watched_zone_does_not_count(record, make_windows: Windows) -> None:
    watch(camera(record, RIGHT), make_windows(*[LOUD] * 5))
    assert record.events == []


def test_an_event_names_the_zone_of_its_most_unusual_place(record, make_windows: Windows) -> None:
    watch(camera(record, RIGHT, LEFT), make_windows(*[LOUD] * 5))
    assert {event.after.zone for event in record.events} == {"left"}


def test_the_peak_is_shown_once_when_an_event_is_told_and_again_when_it_is_exceeded(
    record, make_windows: Windows
) -> None:
    scores = [LOUD, LOUD, LOUD, LOUD, 5.0, LOUD, LOUD, LOUD]
    watch(camera(record, update=0.5), make_windows(*scores))
    shown = [payload for topic, payload in record.states if topic == "ocrgan/attic/door/snapshot"]
    assert len(shown) == 2
    assert all(jpeg.startswith(b"\xff\xd8") for jpeg in shown)  # start of image, ITU-T T.81


def test_anomaly_is_off_at_first_on_in_an_event_and_off_after_it(
    record, make_windows: Windows
) -> None:
    watch(camera(record), make_windows(LOUD, LOUD, LOUD, QUIET, QUIET, QUIET))
    assert record.anomaly == [False, True, False]


def test_scores_are_published_at_most_once_per_interval(record, make_windows: Windows) -> None:
    watch(camera(record, score=3600), make_windows(QUIET, LOUD, QUIET))
    assert [score.score for score in record.scores] == [QUIET]


def test_without_an_interval_every_score_is_published(record, make_windows: Windows) -> None:
    watch(camera(record, score=0), make_windows(QUIET, LOUD))
    assert [(score.score, score.media_time) for score in record.scores] == [(0.0, 0.0), (3.0, 0.5)]
