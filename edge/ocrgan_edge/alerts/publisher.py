"""What every way of publishing promises, and the numbering of event messages.

`publish_event` is the seam at which an event message becomes the publisher's responsibility: the
camera has nothing to do with brokers, acknowledgements or waiting.
"""

from __future__ import annotations

import threading
from typing import Protocol, TextIO

from ocrgan_edge.alerts.event import Event, EventMessage, to_json
from ocrgan_edge.alerts.retained import QoS as QoS


class Publisher(Protocol):
    """Where a camera's alerts go. No call waits for the network; any thread may call."""

    def publish_event(self, event: Event) -> None:
        """Takes one step of an event's life, to be delivered at least once."""

    def publish_state(self, topic: str, payload: str | bytes, qos: QoS = 1) -> None:
        """Sets a retained topic; the newest word counts and is said again after a reconnect.

        Args:
            topic: of `Topics`.
            payload: empty to clear the topic.
            qos: 0 for what is soon renewed anyhow (score, stats).
        """

    def publish_once(self, topic: str, payload: str) -> None:
        """Says something that only counts now (an error's sentence); lost while away."""

    def close(self, clean: bool = True) -> None:
        """Delivers what can be delivered within a few seconds and says goodbye.

        Args:
            clean: stopped on purpose or because a recording has ended, not because of a failure.
        """


class Numbering:
    """Numbers event messages where there is no outbox: 1, 2, 3 … from the daemon's start."""

    def __init__(self, node: str, boot_id: str) -> None:
        """Starts a row; `boot_id` tells it from rows of earlier starts."""
        self._node = node
        self._boot_id = boot_id
        self._last = 0

    def stamp(self, event: Event, dropped: int = 0) -> EventMessage:
        """The event as its next message, which also tells how many were lost before it."""
        self._last += 1
        return numbered(event, self._node, self._boot_id, self._last, dropped)


def numbered(event: Event, node: str, boot_id: str, seq: int, dropped: int) -> EventMessage:
    """The event as one message of a node's row; for the terms see `EventMessage`."""
    return EventMessage(**dict(event), node=node, boot_id=boot_id, seq=seq, dropped=dropped)


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

    def publish_state(self, topic: str, payload: str | bytes, qos: QoS = 1) -> None:
        """States are of no use among events; `--scores` writes all scores to a file."""

    def publish_once(self, topic: str, payload: str) -> None:
        """The log says it already."""

    def close(self, clean: bool = True) -> None:
        """Every line is written already."""
