"""What a thread is asked to do by others."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

MOST = 10_000
"""Jobs that may wait before those are turned away that can be."""
Job = Callable[[], None]


class Jobs:
    """First in, first out. Any thread may ask; nobody waits but the one that does them."""

    def __init__(self) -> None:
        """Starts without jobs."""
        self._turned_away = 0
        self._counting = threading.Lock()
        self._waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()

    def put(self, job: Job) -> None:
        """For jobs of which there can never be many."""
        self._waiting.put(job)

    def offer(self, job: Job, *, count: bool = False) -> None:
        """Takes the job, or turns it away where too many wait; counts that if asked to."""
        if self._waiting.qsize() < MOST:
            self._waiting.put(job)
        elif count:
            with self._counting:
                self._turned_away += 1

    def turned_away(self) -> int:
        """How many that were to be counted have been turned away since the last call."""
        with self._counting:
            count, self._turned_away = self._turned_away, 0
        return count

    def do(self, seconds: float) -> None:
        """Does all that waits, or else the first that comes within some seconds."""
        try:
            self._waiting.get(timeout=seconds)()
            for _ in range(MOST):
                self._waiting.get_nowait()()
        except queue.Empty:
            return
