"""Messages that paho has and the broker has not acknowledged."""

from __future__ import annotations

import time

from ocrgan_edge.alerts.outbox import Outgoing

MOST = 16
"""Event messages in flight at most."""
WAITING_PER_MESSAGE = 20
"""One message is in flight while few wait, so that a killed daemon repeats one message at most;
one more for every so many that wait, for a far broker to be given a backlog in time."""
Sent = Outgoing | str
"""An event message, or the topic of a retained state."""


class InFlight:
    """By paho's number of the message; knows for how long the broker has been silent."""

    def __init__(self) -> None:
        """Starts empty."""
        self._sent: dict[int, Sent] = {}
        self._progress_at = 0.0

    def __len__(self) -> int:
        """How many are not acknowledged."""
        return len(self._sent)

    def add(self, number: int, what: Sent) -> None:
        """A message was handed to paho."""
        if not self._sent:
            self.start_waiting()
        self._sent[number] = what

    def pop(self, number: int) -> Sent | None:
        """The message that was acknowledged; None if it was not one of ours."""
        self.start_waiting()
        return self._sent.pop(number, None)

    def start_waiting(self) -> None:
        """From now on the broker has time to answer."""
        self._progress_at = time.monotonic()

    @property
    def silence(self) -> float:
        """Seconds for which the broker has owed an answer."""
        return time.monotonic() - self._progress_at if self._sent else 0.0


def window(waiting: int) -> int:
    """How many event messages may be in flight while so many wait."""
    return min(1 + waiting // WAITING_PER_MESSAGE, MOST)
