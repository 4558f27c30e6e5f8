"""A process that raises alerts until it is killed: driver.py URL FOLDER UNTIL ALERTS_PER_SECOND.

FOLDER/ledger has one line for each alert that was certainly on disk. `UNTIL` alerts in the ledger
end it cleanly; 0 means never.
"""

from __future__ import annotations

import os
import random
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from ocrgan_edge.alerts.broker import parse_broker
from ocrgan_edge.alerts.event import Event, EventState, EventType, Shares
from ocrgan_edge.alerts.mqtt_publisher import MqttPublisher
from ocrgan_edge.alerts.outbox import Outbox
from ocrgan_edge.alerts.topics import Topics

LIFE: tuple[EventType, ...] = ("new", "update", "update", "end")


def state(score: float = 3) -> EventState:
    return EventState(
        start=datetime(2026, 1, 2, tzinfo=UTC),
        clock_synced=True,
        media_start=0,
        duration=1,
        score=score,
        peak_score=4,
        threshold=2,
        boxes=(),
        shares=Shares(texture=1, shape=0, motion=0, feature=0, patch=0),
        model_sha256="0" * 64,
    )


def step(kind: EventType, event_id: str, camera: str = "door") -> Event:
    before = None if kind == "new" else state()
    return Event(type=kind, event_id=event_id, camera=camera, before=before, after=state())


def main() -> None:
    url, folder, until, pace = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    outbox = Outbox(folder / "outbox.sqlite", "attic")
    publisher = MqttPublisher(parse_broker(url, {}), Topics("ocrgan", "attic"), outbox, print)
    ledger = os.open(folder / "ledger", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    written = len((folder / "ledger").read_text().splitlines())
    # Each event's id is drawn once, for all steps of its life.
    lives = ((event_id, kind) for event_id in iter(lambda: str(uuid.uuid4()), "") for kind in LIFE)
    due = time.monotonic()
    kind: EventType = "end"
    while written < until or not until or kind != "end":  # a clean end leaves no event open
        burst = [next(lives) for _ in range(random.randint(1, 5))]
        for event_id, kind in burst:
            publisher.publish_event(step(kind, event_id))
        if not publisher.wait_until_safe(30):
            sys.exit("not on disk within 30 s")
        os.write(ledger, "".join(f"{event_id} {kind}\n" for event_id, kind in burst).encode())
        written += len(burst)
        due = max(due + len(burst) / pace, time.monotonic() - 0.1)
        time.sleep(max(due - time.monotonic(), 0))
    publisher.close()
    print("left", publisher.stats().depth)


if __name__ == "__main__":
    main()
