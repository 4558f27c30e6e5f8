"""A car is parked: told once, then part of the scene. A window a second, settled after 100 s."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from ocrgan_edge.alerts.evidence.camera import CameraEvidence
from ocrgan_edge.alerts.life import Life, Origin
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.clock import MediaClock
from ocrgan_edge.detection.zones import Zones
from ocrgan_edge.runtime.scorer import LocationStatistics, WindowScore
from ocrgan_edge.runtime.scoring import ScoredWindow
from ocrgan_edge.service.camera import Camera, Outlook
from ocrgan_edge.service.rule import Tuning
from ocrgan_edge.service.voice import Voice

GRID = (4, 6)
STATISTICS = LocationStatistics.neutral((5, *GRID))
PARKED, FAR_FROM_IT = (0, 0), (3, 5)
# Release = 0.7 · 2; an alarm takes two windows, its end two quiet ones.
TUNING = Tuning(median=0.0, base=2.0, minimum_duration=1.0, cool_down=1.0)


@pytest.fixture
def camera(record) -> Camera:
    clock = MediaClock(keeps_pace=False, now=lambda: 0.0, synced=lambda: True)
    clock.start(0.0)
    life = Life(Origin("door", "0" * 64), clock, 1000.0, CameraEvidence("door", None))
    voice = Voice(record, Topics("ocrgan", "attic"), "door")
    return Camera(voice, life, clock, Outlook(Zones([], GRID), 4, settle_after=100.0), TUNING)


def show(camera: Camera, seconds: Iterator[int], count: int, places: Sequence[tuple[int, int]]):
    """So many windows in which these places are unusual; gives their scores."""
    scores = []
    for _, second in zip(range(count), seconds, strict=False):
        values = np.zeros((4, *GRID), np.float32)
        for place in places:
            values[:, *place] = 3.0
        shares = np.array([0, 0, 1, 0, 0], np.float32)
        terms = np.zeros((5, 4, *GRID), np.float32)
        frames = values.max(axis=(1, 2))
        result = WindowScore(float(values.max()), frames, values, shares, 0.0, terms)
        window = ScoredWindow(second, float(second), result)
        scores.append(camera.take(window, STATISTICS).result.score)
    return scores


def test_an_event_of_what_stays_ends_as_settled(camera, record) -> None:
    show(camera, iter(range(103)), 103, [PARKED])
    assert [event.type for event in record.events] == ["new", "end"]
    end = record.events[-1].after
    assert end.end_reason == "settled"
    assert (end.media_start, end.media_end) == (0.0, 99.0)  # settled with the window of 100 s
    assert record.anomaly[-1] is False


def test_something_elsewhere_is_told_while_it_stays(camera, record) -> None:
    seconds = iter(range(1000))
    show(camera, seconds, 110, [PARKED])
    show(camera, seconds, 3, [PARKED, FAR_FROM_IT])
    show(camera, seconds, 3, [PARKED])
    assert [event.type for event in record.events] == ["new", "end"] * 2
    assert record.events[2].after.boxes[0].left == pytest.approx(5 / 6)
    # The car still stands there, but it is not what this one was about.
    assert (record.events[3].after.media_end, record.events[3].after.end_reason) == (112.0, "quiet")


def test_what_has_settled_has_no_score(camera) -> None:
    scores = show(camera, iter(range(102)), 102, [PARKED])
    assert scores[99:] == [3.0, 0.0, 0.0]


def test_how_much_of_the_picture_has_settled_is_told_as_it_changes(camera) -> None:
    told: list[float] = []
    camera.on_settled = told.append
    seconds = iter(range(1000))
    show(camera, seconds, 200, [PARKED])
    show(camera, seconds, 20, [])
    assert told == [0.0, pytest.approx(4 / 24), 0.0]


def test_what_was_never_told_does_not_settle(camera, record) -> None:
    seconds = iter(range(1000))
    camera.tune(replace(TUNING, base=4.0))  # above the car's 3, which is above the release of 2.8
    show(camera, seconds, 300, [PARKED])
    camera.tune(TUNING)
    show(camera, seconds, 3, [PARKED])
    assert [event.type for event in record.events] == ["new"]


def test_forgotten_it_is_told_anew(camera, record) -> None:
    seconds = iter(range(1000))
    show(camera, seconds, 110, [PARKED])
    camera.forget_settled()
    assert camera.settled == 0.0
    show(camera, seconds, 3, [PARKED])
    assert [event.type for event in record.events] == ["new", "end", "new"]


def test_a_disarmed_camera_gets_used_to_what_stays(camera, record) -> None:
    seconds = iter(range(1000))
    camera.arm(False)
    show(camera, seconds, 110, [PARKED])
    camera.arm(True)
    show(camera, seconds, 100, [PARKED])
    assert record.events == []
