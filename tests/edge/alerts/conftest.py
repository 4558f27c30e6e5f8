from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ocrgan_edge.alerts import connection, mqtt_publisher
from ocrgan_edge.alerts.backlog import Limits
from ocrgan_edge.alerts.broker import parse_broker
from ocrgan_edge.alerts.event import Box, Event, EventState, EventType, Shares
from ocrgan_edge.alerts.mqtt_publisher import MqttPublisher
from ocrgan_edge.alerts.outbox import Outbox
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.errors import BrokerError

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


class Publishers:
    """Makes publishers and remembers what they reported."""

    def __init__(self) -> None:
        self.refused: list[BrokerError] = []
        self.made: list[MqttPublisher] = []
        self.path: Path | None = None

    def __call__(self, url: str, backlog: int = 100, **broker: Any) -> MqttPublisher:
        publisher = MqttPublisher(
            parse_broker(url, broker.pop("environment", {}), **broker),
            Topics("ocrgan", "attic"),
            Outbox(self.path, "attic", Limits(messages=backlog)),
            self.refused.append,
        )
        self.made.append(publisher)
        return publisher


@pytest.fixture
def publishers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publishers]:
    monkeypatch.setattr(mqtt_publisher, "FLUSH_SECONDS", 0.5)
    monkeypatch.setattr(mqtt_publisher, "GOODBYE_SECONDS", 0.5)
    monkeypatch.setattr(connection, "SHORTEST_WAIT", 0.1)
    made = Publishers()
    yield made
    for publisher in made.made:
        publisher.close()
