"""Events told from windows half a second apart; above 2 for 1 s raises, below 1.5 for 1 s ends."""

from __future__ import annotations

from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrgan_edge.alerts.event import Event
from ocrgan_edge.alerts.evidence.camera import CameraEvidence
from ocrgan_edge.alerts.life import Judgement, Life, Origin, Told, shares_of
from ocrgan_edge.clock import MediaClock
from ocrgan_edge.detection.alarm import AlarmRule, AlarmState, close, step
from ocrgan_edge.runtime.scorer import WindowScore

RULE = AlarmRule(threshold=2.0, release=1.5, minimum_duration=1.0, cool_down=1.0)
QUIET, LOUD = 0.0, 3.0


class Clock:
    """A wall clock that can be set, and seconds that go on."""

    def __init__(self) -> None:
        self.wall, self.seconds = 1e9, 0.0
        self.media = MediaClock(
            True, now=lambda: self.wall, synced=lambda: True, monotonic=lambda: self.seconds
        )
        self.media.start(0.0)

    def pass_to(self, at: float) -> None:
        self.wall += at - self.seconds
        self.seconds = at


class Teller:
    """A camera's alarm and the life of its events."""

    def __init__(self, update: float = 0.5) -> None:
        self.clock = Clock()
        self.evidence = CameraEvidence("door", None)
        self.life = Life(Origin("door", "0" * 64), self.clock.media, update, self.evidence)
        self.alarm = AlarmState()
        self.told: list[Told] = []
        self.at = 0.0

    def see(self, *scores: float, zone: str | None = None) -> None:
        for score in scores:
            self.clock.pass_to(self.at)
            self.evidence.see(np.zeros((32, 32, 3), np.uint8), self.at)
            self.alarm, change = step(self.alarm, RULE, score, self.at)
            seen = Judgement(self.at, window(score), zone, RULE, recent=4)
            self._keep(self.life.observe(seen, self.alarm, change))
            self.at += 0.5

    def stop(self) -> None:
        self.alarm, change = close(self.alarm, self.at - 0.5)
        if change is not None:
            self._keep(self.life.end(change, "stopped"))

    def _keep(self, told: Told | None) -> None:
        if told is not None:
            self.told.append(told)

    @property
    def events(self) -> list[Event]:
        return [told.event for told in self.told]


def window(score: float, **parts: object) -> WindowScore:
    """Unusual in the upper left quarter."""
    anomaly_map = np.zeros((4, 2, 2), np.float32)
    anomaly_map[:, 0, 0] = score
    given = {
        "score": score,
        "frame_scores": anomaly_map.max(axis=(1, 2)),
        "anomaly_map": anomaly_map,
        "shares": np.array([0.25, 0.25, 0.5, 0, 0], np.float32),
        "seed": 0.0,
        "terms": np.zeros((5, 4, 2, 2), np.float32),
    }
    return WindowScore(**(given | parts))


@pytest.fixture
def told() -> Teller:
    return Teller()


def test_an_event_is_new_updated_and_ended_under_one_name(told: Teller) -> None:
    told.see(QUIET, LOUD, LOUD, LOUD, LOUD, QUIET, QUIET, QUIET)
    assert [event.type for event in told.events] == ["new", "update", "update", "update", "end"]
    assert len({event.event_id for event in told.events}) == 1


def test_without_an_alarm_nothing_is_told(told: Teller) -> None:
    told.see(QUIET, LOUD, LOUD, QUIET, LOUD, LOUD, QUIET)
    told.stop()
    assert told.events == []


def test_the_peak_lies_where_the_highest_score_was(told: Teller) -> None:
    told.see(LOUD, zone="left")
    told.see(9.0, zone="right")
    told.see(LOUD, LOUD, zone="left")
    assert {event.after.zone for event in told.events} == {"right"}
    assert {event.after.peak_score for event in told.events} == {9.0}


@pytest.mark.parametrize("jump", [3600.0, -3600.0, -1e9])
def test_a_clock_that_is_set_during_an_event_does_not_bend_it(told: Teller, jump: float) -> None:
    told.see(LOUD, LOUD, LOUD)
    told.clock.wall += jump
    told.see(LOUD, QUIET, QUIET, QUIET)
    state = told.events[-1].after
    assert (state.end - state.start).total_seconds() == 1.5 == state.duration
    assert len({event.after.start for event in told.events}) == 1


def test_an_event_after_the_clock_was_set_has_the_new_time(told: Teller) -> None:
    one = [LOUD, LOUD, LOUD, QUIET, QUIET, QUIET]
    told.see(*one)
    told.clock.wall += 3600.0
    told.see(*one)
    first, second = (event.after.start for event in told.events if event.type == "new")
    assert (second - first).total_seconds() == 3600 + 3  # six windows


def test_a_snapshot_that_cannot_be_drawn_costs_no_alert(
    told: Teller, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    monkeypatch.setattr(told.evidence, "peak", lambda *_: 1 / 0)
    told.see(LOUD, LOUD, LOUD, QUIET, QUIET, QUIET)
    assert [event.type for event in told.events] == ["new", "update", "update", "end"]
    assert all(each.snapshot is None for each in told.told)
    assert "the snapshot could not be drawn" in caplog.text


def test_places_that_do_not_count_are_in_no_box(told: Teller) -> None:
    hidden = np.full((4, 2, 2), -np.inf, np.float32)
    hidden[:, 1, 1] = LOUD
    for _ in range(3):
        told.alarm, change = step(told.alarm, RULE, LOUD, told.at)
        seen = Judgement(told.at, window(LOUD, anomaly_map=hidden), None, RULE, recent=4)
        told._keep(told.life.observe(seen, told.alarm, change))
        told.at += 0.5
    (box,) = told.events[0].after.boxes
    assert (box.left, box.top, box.width, box.height) == (0.5, 0.5, 0.5, 0.5)


def test_shares_that_rounding_takes_beyond_1_are_1() -> None:
    shares = np.array([1 + 1e-6, -1e-7, 0, 0, 0], np.float32)
    told = shares_of(window(LOUD, shares=shares))
    assert (told.texture, told.shape) == (1.0, 0.0)


@settings(max_examples=50)
@given(st.lists(st.sampled_from([QUIET, 1.75, LOUD, 5.0]), max_size=40))
def test_whatever_comes_every_event_is_one_whole_life(scores: list[float]) -> None:
    told = Teller()
    told.see(*scores)
    told.stop()
    for _, steps in groupby(told.events, key=lambda event: event.event_id):
        life = list(steps)
        kinds = [event.type for event in life]
        assert kinds == ["new", *["update"] * (len(kinds) - 2), "end"]
        assert life[0].before is None
        assert all(one.after == other.before for one, other in pairwise(life))
        peaks = [event.after.peak_score for event in life]
        assert peaks == sorted(peaks)
        assert all(event.after.duration >= 0 for event in life)
        assert len({event.after.media_start for event in life}) == 1
    ids = [event.event_id for event in told.events if event.type == "new"]
    assert len(ids) == len(set(ids))
