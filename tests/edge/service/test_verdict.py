from datetime import UTC, datetime

from ocrgan_edge.alerts.event import Event, EventState, Shares
from ocrgan_edge.service.verdict import Alert, Happening, alerts_of, judge, runs

RUNNER = Happening("runner", 10.0, 15.0)


def test_an_alert_during_a_happening_tells_of_it_with_its_delay() -> None:
    verdict = judge([RUNNER], [Alert(start=10.5, raised=11.5, end=16.0)])
    assert verdict.delays == (1.5,)
    assert verdict.good


def test_a_happening_without_an_alert_is_missed() -> None:
    verdict = judge([RUNNER], [])
    assert verdict.delays == (None,)
    assert not verdict.good


def test_an_alert_that_overlaps_nothing_is_false() -> None:
    before, after = Alert(5.0, 6.0, 9.5), Alert(17.5, 18.5, 19.0)
    verdict = judge([RUNNER], [before, Alert(11.0, 12.0, 14.0), after])
    assert verdict.false_alerts == (before, after)
    assert not verdict.good


def test_an_alert_may_begin_as_long_as_windows_still_hold_the_happening() -> None:
    assert judge([RUNNER], [Alert(16.5, 17.5, 18.0)]).delays == (7.5,)


def test_the_first_of_several_alerts_counts() -> None:
    alerts = [Alert(13.0, 14.0, 15.0), Alert(10.0, 11.0, 12.0)]
    assert judge([RUNNER], alerts).delays == (1.0,)


def test_an_alert_is_made_of_an_event_s_first_and_last_message() -> None:
    state = EventState(
        start=datetime(2026, 1, 2, tzinfo=UTC),
        clock_synced=True,
        media_start=10.0,
        duration=0.75,
        score=3.0,
        peak_score=3.0,
        threshold=2.0,
        boxes=(),
        shares=Shares(texture=1, shape=0, motion=0, feature=0, patch=0),
        model_sha256="0" * 64,
    )
    over = state.model_copy(update={"media_end": 12.0})
    events = [
        Event(type="new", event_id="1", camera="door", before=None, after=state),
        Event(type="update", event_id="1", camera="door", before=state, after=state),
        Event(type="end", event_id="1", camera="door", before=state, after=over),
    ]
    assert alerts_of(events) == [Alert(start=10.0, raised=10.75, end=12.0)]


def test_a_stretch_may_be_hidden_for_a_moment() -> None:
    present = [bool(int(frame)) for frame in "0110010001"]
    assert runs(present, longest_gap=2) == [(1, 5), (9, 9)]
    assert runs(present, longest_gap=0) == [(1, 2), (5, 5), (9, 9)]
    assert runs([False], longest_gap=2) == []
