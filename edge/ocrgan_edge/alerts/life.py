"""One event's life after the other, told from scored windows and the alarm's state."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, replace

from ocrgan_edge.alerts.event import Box, EndReason, Event, EventState, EventType, Shares
from ocrgan_edge.clock import MediaClock, Tie
from ocrgan_edge.detection.alarm import AlarmEvent, AlarmRule, AlarmState, Change
from ocrgan_edge.detection.explain import boxes, shares_by_term
from ocrgan_edge.runtime.scorer import WindowScore
from ocrgan_edge.runtime.scoring import ScoredWindow


@dataclass(frozen=True, slots=True)
class Origin:
    """What all events of one camera have in common."""

    camera: str
    rule: AlarmRule
    model_sha256: str


@dataclass(frozen=True, slots=True)
class Sight:
    """What a window shows."""

    boxes: tuple[Box, ...]
    shares: Shares


@dataclass(frozen=True, slots=True)
class _Open:
    """What the open event keeps through its life."""

    event_id: str
    tie: Tie
    """With which its start and end are told, so that they are as far apart as they were."""
    told: EventState | None
    """Its state at the step before."""
    told_at: float
    """Media time of that step."""


class Life:
    """Makes `new`, `update` and `end` of a camera's events; at most one event is open."""

    def __init__(self, origin: Origin, clock: MediaClock, update_interval: float) -> None:
        """Starts without an event.

        Args:
            origin: where the events come from.
            clock: gives their wall time.
            update_interval: least seconds of media time between two steps of an event.
        """
        self._origin = origin
        self._clock = clock
        self._update_interval = update_interval
        self._peak: Sight | None = None
        self._open: _Open | None = None
        self._score = 0.0

    def observe(
        self, window: ScoredWindow, alarm: AlarmState, change: Change | None
    ) -> Event | None:
        """The step of an event's life that a window brings about, if any.

        Args:
            window: the newest.
            alarm: state of the alarm after this window.
            change: of the alarm, with this window.
        """
        self._score = float(window.result.score)
        current = alarm.event or alarm.rise
        if current is not None and current.peak_at == window.at:
            self._peak = see(window.result, self._origin.rule.release)
        if change is not None:
            return self._begin(change) if change.raised else self.end(change, "quiet")
        return self._update(alarm.event, window.at)

    def end(self, change: Change, reason: EndReason) -> Event:
        """The last step of the open event.

        Args:
            change: with which the alarm ended.
            reason: why.
        """
        assert self._open is not None
        opened = replace(self._open, tie=self._believable(self._open.tie))
        state = self._state(opened, change.event, change.end).model_copy(
            update={
                "end": opened.tie.wall(change.end),
                "media_end": change.end,
                "end_reason": reason,
            }
        )
        event = _step("end", self._origin, opened, state)
        self._open = None
        return event

    def _begin(self, change: Change) -> Event:
        opened = _Open(str(uuid.uuid4()), self._clock.tie(), None, change.at)
        return self._tell("new", opened, self._state(opened, change.event, change.at))

    def _update(self, alarm: AlarmEvent | None, at: float) -> Event | None:
        if self._open is None or alarm is None or at - self._open.told_at < self._update_interval:
            return None
        opened = replace(self._open, told_at=at, tie=self._believable(self._open.tie))
        return self._tell("update", opened, self._state(opened, alarm, at))

    def _tell(self, kind: EventType, opened: _Open, state: EventState) -> Event:
        self._open = replace(opened, told=state)
        return _step(kind, self._origin, opened, state)

    def _believable(self, tie: Tie) -> Tie:
        """The tie, or a new one where only that can be believed: start and end change together."""
        if tie.synced:
            return tie
        now = self._clock.tie()
        return now if now.synced else tie

    def _state(self, opened: _Open, alarm: AlarmEvent, until: float) -> EventState:
        assert self._peak is not None
        return EventState(
            start=opened.tie.wall(alarm.started_at),
            clock_synced=opened.tie.synced,
            media_start=alarm.started_at,
            duration=round(until - alarm.started_at, 3),
            score=self._score,
            peak_score=alarm.peak,
            threshold=self._origin.rule.threshold,
            boxes=self._peak.boxes,
            shares=self._peak.shares,
            model_sha256=self._origin.model_sha256,
        )


def see(result: WindowScore, level: float) -> Sight:
    """Boxes around all that is above a level, and the shares of the score."""
    found = tuple(Box.model_validate(asdict(box)) for box in boxes(result.anomaly_map, level))
    return Sight(found, shares_of(result))


def shares_of(result: WindowScore) -> Shares:
    """What a score is made of; rounding of 32-bit shares does not reach beyond 0 … 1."""
    shares = shares_by_term(result)
    return Shares(**{term: min(max(share, 0.0), 1.0) for term, share in shares.items()})


def _step(kind: EventType, origin: Origin, opened: _Open, state: EventState) -> Event:
    return Event(
        type=kind,
        event_id=opened.event_id,
        camera=origin.camera,
        before=opened.told,
        after=state,
    )
