"""Which event message goes next, and which is given up when too many wait."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from ocrgan_edge.alerts.event import EventType

LIVE_SECONDS = 2.0
"""What came in within this time is live; what waited longer is backlog."""
LIVE_TURNS = 4
"""Live messages for each one of the backlog, while both wait."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait."""

    messages: int = 100_000
    bytes: int = 256_000_000

    def within(self, other: Limits) -> Limits:
        """The stricter of both."""
        return Limits(min(self.messages, other.messages), min(self.bytes, other.bytes))


@dataclass(slots=True, eq=False)
class Waiting:
    """One event message on its way to the broker."""

    event_id: str
    type: EventType
    size: int
    """Bytes of the event as JSON."""
    since: float
    """Seconds on the monotonic clock at which it came in."""
    boot_id: str
    """Of the start of the daemon in which it was raised."""
    text: str | None
    """The event as JSON; None while only the disk has it."""
    row: int | None = None
    """Its place on disk; None while only memory has it."""
    seq: int | None = None
    """Given when it is handed over for the first time."""
    dropped: int = 0
    """Messages given up until then."""
    failed: bool = False
    """Whether writing it to disk has failed at least once."""
    in_line: bool = False
    """Whether it waits in a `Backlog`; not yet or no longer otherwise."""
    old: bool = False
    """Whether it waits in the backlog proper."""


class Backlog:
    """Two lines: live messages, and the backlog of what has waited for longer than LIVE_SECONDS.

    Both are first in, first out. Live messages go first, but for one turn in five, so that a
    backlog keeps moving. No message overtakes an earlier one of the same event: while that stands
    in the backlog, its successors queue up behind it. Messages that an earlier start had numbered
    go before all others.
    """

    def __init__(self, limits: Limits) -> None:
        """Starts empty; both limits are at least 1."""
        self.bytes = 0
        """Of all that wait."""
        self._limits = limits
        self._length = 0
        self._turn = 0
        self._again: deque[Waiting] = deque()
        self._old: deque[Waiting] = deque()
        self._live: deque[Waiting] = deque()
        self._updates: deque[Waiting] = deque()
        self._old_of_event: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many wait."""
        return self._length

    def __iter__(self) -> Iterator[Waiting]:
        """All that wait, the backlog first."""
        lines = chain(self._again, self._old, self._live)
        return (message for message in lines if message.in_line)

    def add(self, message: Waiting) -> None:
        """A message that came in now."""
        self._enter(message)
        self._live.append(message)
        if message.type == "update":
            self._updates.append(message)

    def restore(self, messages: list[Waiting]) -> None:
        """Messages older than all that wait, in their order: from disk, or taken in vain."""
        for message in reversed(messages):
            self._enter(message)
            if message.seq is not None:
                self._again.append(message)
                continue
            self._mark_old(message)
            self._old.appendleft(message)
        self._again = deque(sorted(self._again, key=lambda message: message.seq or 0))
        self._updates = deque(m for m in self if m.type == "update" and m.seq is None)

    def take(self, now: float) -> Waiting | None:
        """The next to be sent, which leaves; None when nothing waits.

        Args:
            now: seconds on the monotonic clock.
        """
        while self._live and self._live[0].since < now - LIVE_SECONDS:
            self._age(self._live.popleft())
        self._turn = (self._turn + 1) % (LIVE_TURNS + 1)
        if (numbered := self._take_first(self._again)) is not None:
            return numbered
        if self._turn:
            return self._take_live() or self._take_first(self._old)
        return self._take_first(self._old) or self._take_live()

    def shed(self) -> list[Waiting]:
        """Gives up what exceeds the limits, and says what that was.

        The oldest `update` goes first, for the next one says more; then the oldest message. What
        has a number stays, or `seq` would have gaps.
        """
        gone: list[Waiting] = []
        while self._length > self._limits.messages or self.bytes > self._limits.bytes:
            least = self._oldest(self._updates) or self._oldest(self._old)
            least = least or self._oldest(self._live)
            if least is None:
                break
            self.remove(least)
            gone.append(least)
        return gone

    def remove(self, message: Waiting) -> None:
        """Takes a message out that stands anywhere."""
        message.in_line = False
        self._length -= 1
        self.bytes -= message.size
        if message.old:
            message.old = False
            self._old_of_event[message.event_id] -= 1
            if not self._old_of_event[message.event_id]:
                del self._old_of_event[message.event_id]

    def _enter(self, message: Waiting) -> None:
        message.in_line = True
        self._length += 1
        self.bytes += message.size

    def _mark_old(self, message: Waiting) -> None:
        message.old = True
        self._old_of_event[message.event_id] += 1

    def _age(self, message: Waiting) -> None:
        if message.in_line:
            self._mark_old(message)
            self._old.append(message)

    def _take_live(self) -> Waiting | None:
        while (first := self._oldest(self._live)) is not None:
            if not self._old_of_event[first.event_id]:
                return self._take_first(self._live)
            self._age(self._live.popleft())
        return None

    def _take_first(self, line: deque[Waiting]) -> Waiting | None:
        message = self._oldest(line)
        if message is not None:
            line.popleft()
            self.remove(message)
            self._oldest(self._updates)
        return message

    def _oldest(self, line: deque[Waiting]) -> Waiting | None:
        while line and not line[0].in_line:
            line.popleft()
        return line[0] if line else None
