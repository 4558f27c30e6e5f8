from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from ocrgan_edge.alerts.event import Box, Event, EventState, EventType, Shares

STATE = EventState(
    start=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    clock_synced=True,
    media_start=12.5,
    duration=0.8,
    score=3.0,
    peak_score=4.0,
    threshold=2.0,
    boxes=(Box(left=0.25, top=0.5, width=0.25, height=0.125, score=4.0),),
    shares=Shares(texture=0.5, shape=0.25, motion=0.25, feature=0, patch=0),
    model_sha256="0" * 64,
)


@pytest.fixture
def make_event() -> Callable[[EventType], Event]:
    """Gives a step of an event's life."""

    def make(kind: EventType, event_id: str = "e1") -> Event:
        before = None if kind == "new" else STATE
        return Event(type=kind, event_id=event_id, camera="door", before=before, after=STATE)

    return make
