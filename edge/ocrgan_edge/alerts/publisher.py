"""What every way of publishing promises, and the numbering of event messages.

`publish_event` is the seam at which an event message becomes the publisher's responsibility: the
camera has nothing to do with brokers, acknowledgements or waiting.
"""

from __future__ import annotations

import threading
from typing import Protocol, TextIO

from ocrgan_edge.alerts.event import Event, EventMessage, ScoreMessage, to_json


class Publisher(Protocol):
    """Where a camera's alerts go. No call waits for the network; any thread may call."""

    def publish_event(self, event: Event) -> None:
        """Takes one step of an event's life, to be delivered at least once."""

    def publish_anomaly(self, camera: str, on: bool) -> None:
        """Says whether a camera sees an anomaly just now; the newest word counts."""

    def publish_score(self, camera: str, score: ScoreMessage) -> None:
        """Shows the newest score; one that a newer has overtaken may be lost."""

    def close(self, clean: bool = True) -> None:
        """Delivers what can be delivered within a few seconds and says goodbye.

        Args:
            clean: stopped on purpose or because a recording has ended, not because of a failure.
        """


class Numbering:
    """Numbers the event messages of one node, 1, 2, 3 … from the daemon's start."""

    def __init__(self, node: str, boot_id: str) -> None:
        """Starts a row; `boot_id` tells it from rows of earlier starts."""
        self._node = node
        self._boot_id = boot_id
        self._last = 0

    def stamp(self, event: Event, dropped: int = 0) -> EventMessage:
        """The event as its next message, which also tells how many were lost before it."""
        self._last += 1
        return EventMessage(
            type=event.type,
            event_id=event.event_id,
            camera=event.camera,
            before=event.before,
            after=event.after,
            node=self._node,
            boot_id=self._boot_id,
            seq=self._last,
            dropped=dropped,
        )


class LinePublisher:
    """Writes event messages as JSON lines, for a daemon without a broker."""

    def __init__(self, stream: TextIO, numbering: Numbering) -> None:
        """Writes to `stream`, which stays open."""
        self._stream = stream
        self._numbering = numbering
        self._one_at_a_time = threading.Lock()

    def publish_event(self, event: Event) -> None:
        """Writes one line at once."""
        with self._one_at_a_time:
            print(to_json(self._numbering.stamp(event)), file=self._stream, flush=True)

    def publish_anomaly(self, camera: str, on: bool) -> None:
        """The events say it already."""

    def publish_score(self, camera: str, score: ScoreMessage) -> None:
        """Scores are of no use among events; `--scores` writes them all to a file."""

    def close(self, clean: bool = True) -> None:
        """Every line is written already."""
