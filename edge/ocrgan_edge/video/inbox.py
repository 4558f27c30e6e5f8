"""Between decoding and handing over: the newest pictures, and how many were left out."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

KEPT = 4
"""Newest pictures that wait: as many as may arrive in one rush. Undecoded to colours, they take
6 MB at 1280x720."""


EARLY = 0.25
"""Share of a period that something may come too early: cameras are not even."""


@dataclass(frozen=True, slots=True)
class Arrival(Generic[T]):
    """Something that came."""

    item: T
    index: int
    """Its number, 0 first; those left out are counted too."""

    at: float
    """Seconds on the monotonic clock."""


class Inbox(Generic[T]):
    """One thread puts, another takes; the newest wins."""

    def __init__(self, most_per_second: float | None = None) -> None:
        """Empty.

        Args:
            most_per_second: what comes faster is left out evenly, and is not counted as lost.
        """
        self.lost = 0
        """Things that were damaged, or that nobody took in time."""
        self._period = 1.0 / most_per_second if most_per_second else 0.0
        self._due = float("-inf")
        self._count = 0
        self._taking = False
        self._waiting: deque[Arrival[T]] = deque()
        self._changed = threading.Condition()

    def put(self, item: T | None, at: float) -> None:
        """Something came at this moment; None: it is damaged."""
        with self._changed:
            index, self._count = self._count, self._count + 1
            if item is None:
                self.lost += 1
            elif self._wanted(at):
                self._keep(Arrival(item, index, at))

    def take(self, timeout: float) -> Arrival[T] | None:
        """The oldest of the newest, or None if nothing came for these seconds."""
        with self._changed:
            self._taking = True
            self._changed.wait_for(lambda: self._waiting, timeout)
            return self._waiting.popleft() if self._waiting else None

    def _wanted(self, at: float) -> bool:
        if at < self._due - EARLY * self._period:
            return False
        # From the moment when it was due, so that the rate comes out right; but a pause gives no
        # right to a rush.
        in_time = at - self._due < self._period
        self._due = (self._due if in_time else at) + self._period
        return True

    def _keep(self, arrival: Arrival[T]) -> None:
        if len(self._waiting) >= KEPT:
            self._waiting.popleft()
            # What came in a rush while the stream was opened is nobody's loss.
            self.lost += self._taking
        self._waiting.append(arrival)
        self._changed.notify()
