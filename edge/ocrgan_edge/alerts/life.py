"""One event's life after the other, told from judged windows and the alarm's state."""

from __future__ import annotations

import logging
import uuid
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.alerts.event import Box, EndReason, Event, EventState, EventType, Shares
from ocrgan_edge.alerts.evidence.camera import CameraEvidence
from ocrgan_edge.alerts.evidence.names import References
from ocrgan_edge.alerts.evidence.snapshot import Drawing
from ocrgan_edge.clock import MediaClock, Tie
from ocrgan_edge.detection.alarm import AlarmEvent, AlarmRule, AlarmState, Change
from ocrgan_edge.detection.explain import boxes, recent_map, shares_by_term
from ocrgan_edge.runtime.scorer import WindowScore

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A window as the alarm sees it."""

    at: float
    """Media time of its newest frame in seconds."""
    result: WindowScore
    """Of the places that count."""
    zone: str | None
    """Where its most unusual place lies."""
    rule: AlarmRule
    recent: int
    """Newest frames that the score is made of."""
    settled_at: float | None = None
    """Media time at which the newest of the places settled that do not count for that reason."""


@dataclass(frozen=True, slots=True)
class Peak:
    """What an event looked like at its worst."""

    at: float
    """Media time of the window's newest frame."""
    zone: str | None
    anomaly_map: NDArray[np.float32]
    """(h, w), mean of the newest frames' maps."""
    boxes: tuple[Box, ...]
    shares: Shares
    attention: tuple[float, ...] | None
    """(T,)"""
    release: float
    """Value of the map up to which a place is quiet."""


@dataclass(frozen=True, slots=True)
class Open:
    """What the open event keeps through its life."""

    event_id: str
    tie: Tie
    """Its start and end are told with the same one."""
    kept: References
    """Where its evidence will lie if nothing goes wrong."""
    told_at: float
    """Media time of the step before."""
    told: EventState | None = None
    """Its state at that step."""
    drawn_at: float | None = None
    """Media time of the newest peak that there is a picture of."""


class Told(NamedTuple):
    """One step of an event's life and the picture that goes with it."""

    event: Event
    snapshot: bytes | None
    """JPEG of the peak, where it is a new one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where all events of one camera come from."""

    camera: str
    model_sha256: str


class Life:
    """Makes `new`, `update` and `end` of a camera's events; at most one event is open."""

    def __init__(
        self, origin: Origin, clock: MediaClock, update_interval: float, evidence: CameraEvidence
    ) -> None:
        """Starts without an event.

        Args:
            origin: where the events come from.
            clock: gives their wall time.
            update_interval: least seconds of media time between two steps of an event.
            evidence: keeps pictures and clips of them.
        """
        self._origin = origin
        self._clock = clock
        self._update_interval = update_interval
        self._evidence = evidence
        self._newest: Judgement | None = None
        self._peak: Peak | None = None
        self._open: Open | None = None

    def observe(self, seen: Judgement, alarm: AlarmState, change: Change | None) -> Told | None:
        """The step of an event's life that a window brings about, if any.

        Args:
            seen: the newest window.
            alarm: state of the alarm after this window.
            change: of the alarm, with this window.
        """
        self._newest = seen
        current = alarm.event or alarm.rise
        if current is not None and current.peak_at == seen.at:
            self._peak = peak_of(seen)
        if change is not None:
            if change.raised:
                return self._begin(change)
            settled = seen.settled_at is not None and change.end < seen.settled_at
            return self.end(change, "settled" if settled else "quiet")
        return self._update(alarm.event, seen.at)

    def end(self, change: Change, reason: EndReason) -> Told:
        """The last step of the open event.

        Args:
            change: with which the alarm ended.
            reason: why.
        """
        assert self._open is not None
        state = self._state(self._open, change.event, change.end)
        opened, snapshot = self._draw(self._open, state)
        kept = self._evidence.end(opened.event_id, change.end)
        ended = {
            "end": opened.tie.wall(change.end),
            "media_end": change.end,
            "end_reason": reason,
            "snapshot": kept.snapshot,
            "clip": kept.clip,
        }
        self._open = None
        return Told(self._step("end", opened, state.model_copy(update=ended)), snapshot)

    def _begin(self, change: Change) -> Told:
        event_id, tie = str(uuid.uuid4()), self._clock.tie()
        kept = self._evidence.begin(event_id, change.start, tie.wall(change.start))
        return self._tell("new", Open(event_id, tie, kept, change.at), change.event, change.at)

    def _update(self, alarm: AlarmEvent | None, at: float) -> Told | None:
        if self._open is None or alarm is None or at - self._open.told_at < self._update_interval:
            return None
        return self._tell("update", replace(self._open, told_at=at), alarm, at)

    def _tell(self, kind: EventType, opened: Open, alarm: AlarmEvent, until: float) -> Told:
        state = self._state(opened, alarm, until)
        event = self._step(kind, opened, state)
        opened, snapshot = self._draw(opened, state)
        self._open = replace(opened, told=state)
        return Told(event, snapshot)

    def _draw(self, opened: Open, state: EventState) -> tuple[Open, bytes | None]:
        assert self._peak is not None
        peak = self._peak
        if opened.drawn_at == peak.at:
            return opened, None
        drawing = Drawing(peak.anomaly_map, peak.release, opened.tie.wall(peak.at), state)
        jpeg = None
        try:
            jpeg = self._evidence.peak(opened.event_id, peak.at, drawing)
        except Exception:  # a picture that cannot be drawn must not cost the alert
            _log.exception("%s: the snapshot could not be drawn", self._origin.camera)
        return replace(opened, drawn_at=peak.at), jpeg

    def _state(self, opened: Open, alarm: AlarmEvent, until: float) -> EventState:
        assert self._peak is not None
        assert self._newest is not None
        return EventState(
            start=opened.tie.wall(alarm.started_at),
            clock_synced=opened.tie.synced,
            media_start=alarm.started_at,
            duration=round(until - alarm.started_at, 3),
            score=self._newest.result.score,
            peak_score=alarm.peak,
            threshold=self._newest.rule.threshold,
            zone=self._peak.zone,
            boxes=self._peak.boxes,
            shares=self._peak.shares,
            attention=self._peak.attention,
            model_sha256=self._origin.model_sha256,
            snapshot=opened.kept.snapshot,
            clip=opened.kept.clip,
        )

    def _step(self, kind: EventType, opened: Open, state: EventState) -> Event:
        return Event(
            type=kind,
            event_id=opened.event_id,
            camera=self._origin.camera,
            before=opened.told,
            after=state,
        )


def peak_of(seen: Judgement) -> Peak:
    """What a window shows: boxes around all that is above the release, and the score's shares."""
    release = seen.rule.release
    found = boxes(seen.result.anomaly_map, release, seen.recent)
    values = recent_map(seen.result.anomaly_map, seen.recent)
    return Peak(
        at=seen.at,
        zone=seen.zone,
        # What does not count is −inf, and shown like what is quiet.
        anomaly_map=np.nan_to_num(values, neginf=release),
        boxes=tuple(Box.model_validate(asdict(box)) for box in found),
        shares=shares_of(seen.result),
        attention=attention_of(seen.result),
        release=release,
    )


def shares_of(result: WindowScore) -> Shares:
    """What a score is made of; rounding of 32-bit shares does not reach beyond 0 … 1."""
    shares = shares_by_term(result)
    return Shares(**{term: min(max(share, 0.0), 1.0) for term, share in shares.items()})


def attention_of(result: WindowScore) -> tuple[float, ...] | None:
    """What the newest frame looked at, in as many digits as are worth sending; see `shares_of`."""
    if result.attention is None:
        return None
    return tuple(round(min(max(share, 0.0), 1.0), 4) for share in result.attention.tolist())
