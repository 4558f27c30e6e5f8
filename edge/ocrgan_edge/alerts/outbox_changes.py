"""What has changed in the outbox and is not on disk yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ocrgan_edge.alerts.backlog import Waiting


@dataclass(slots=True)
class Changes:
    """What is to be written in one transaction; while the disk refuses, it piles up here."""

    new: dict[Waiting, None] = field(default_factory=dict)
    """Messages that only memory has, in their order."""
    numbered: dict[Waiting, None] = field(default_factory=dict)
    """Messages on disk that were handed over for the first time."""
    removed: list[int] = field(default_factory=list)
    """Rows of messages that were acknowledged or given up."""
    open_events: dict[str, str | None] = field(default_factory=dict)
    """Last message by event_id, as JSON; None when the event has ended."""
    counters: bool = False
    """Whether they have changed."""

    @property
    def must_last(self) -> bool:
        """Whether a power cut must not undo it."""
        return bool(self.new or self.numbered or self.open_events or self.counters)

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.must_last or self.removed)

    def forget(self, message: Waiting) -> None:
        """The message need not be kept any longer."""
        self.numbered.pop(message, None)
        self.new.pop(message, None)
        if message.row is not None:
            self.removed.append(message.row)
            message.row = None

    def start_over(self, saved: Iterable[Waiting]) -> None:
        """A new database has nothing yet: neither what is to go nor the `saved`, older messages."""
        self.removed.clear()
        self.numbered.clear()
        self.counters = True
        older = {message: None for message in saved if message.text is not None}
        self.new = older | self.new

    def count_failed(self) -> int:
        """How many messages could not be written that have not been counted before."""
        failed = [message for message in self.new if not message.failed]
        for message in failed:
            message.failed = True
        return len(failed)

    def beyond(self, most: int) -> list[Waiting]:
        """Which waiting messages to give up for memory to hold `most`: the oldest updates first.

        Of open events, too, no more are remembered than that.
        """
        while len(self.open_events) > most:
            del self.open_events[next(iter(self.open_events))]
        waiting = [message for message in self.new if message.in_line]
        waiting.sort(key=lambda message: message.type != "update")
        return waiting[: max(len(waiting) - most, 0)]
