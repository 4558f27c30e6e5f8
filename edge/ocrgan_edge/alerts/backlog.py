"""Event messages that wait for the broker, in memory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ocrgan_edge.alerts.event import EventType


@dataclass(frozen=True, slots=True)
class Waiting:
    """One event message, ready to be sent with QoS 1."""

    topic: str
    payload: str
    type: EventType


class Backlog:
    """First in, first out, never longer than `limit`.

    When it is full the oldest `update` goes first, for the next one says more; only then is the
    oldest message of any type lost. Each loss is counted.
    """

    def __init__(self, limit: int) -> None:
        """Starts empty; `limit` is at least 1."""
        self.dropped = 0
        self._limit = limit
        self._waiting: deque[Waiting] = deque()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def add(self, message: Waiting) -> None:
        """Takes a message, and makes room for it if need be."""
        self._waiting.append(message)
        if len(self._waiting) > self._limit:
            del self._waiting[self._least_needed()]
            self.dropped += 1

    def take(self) -> Waiting | None:
        """The oldest message, which leaves the backlog."""
        return self._waiting.popleft() if self._waiting else None

    def _least_needed(self) -> int:
        updates = (n for n, message in enumerate(self._waiting) if message.type == "update")
        return next(updates, 0)
