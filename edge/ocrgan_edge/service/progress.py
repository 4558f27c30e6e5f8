"""Which parts of the daemon get on, and which hang: what watchdog and health check go by."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MAIN = "main"
"""What the daemon's own thread is called."""


@dataclass(slots=True)
class _Part:
    limit: float
    made_at: float
    resting: bool = False


class Progress:
    """Every part that must get on says so each time it does; any thread may call.

    A part that waits for work rests, and rests as long as it likes. A camera that is away makes
    progress with each attempt to reach it. A thread that hangs in the middle of its work makes
    none.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Expects nothing yet; `monotonic` gives seconds that never jump."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._parts: dict[str, _Part] = {}

    def expect(self, part: str, within: float) -> None:
        """From now on the part must make progress at least every `within` seconds."""
        with self._lock:
            self._parts[part] = _Part(within, self._monotonic())

    def forget(self, part: str) -> None:
        """The part is gone, on purpose."""
        with self._lock:
            self._parts.pop(part, None)

    def made(self, part: str) -> None:
        """The part got on; of no effect if it is not expected (any more)."""
        self._set(part, resting=False)

    def rest(self, part: str) -> None:
        """The part has done its work and waits for more, until it says that it got on."""
        self._set(part, resting=True)

    @contextmanager
    def work(self, part: str) -> Iterator[None]:
        """The part gets on as it begins, and rests when it is done."""
        self.made(part)
        try:
            yield
        finally:
            self.rest(part)

    def ages(self) -> dict[str, float]:
        """Seconds since each part got on; 0 for those at rest."""
        with self._lock:
            now = self._monotonic()
            return {name: self._age(part, now) for name, part in self._parts.items()}

    def hanging(self) -> dict[str, float]:
        """Seconds since they got on, of those parts that should have by now."""
        with self._lock:
            now = self._monotonic()
            ages = {name: self._age(part, now) for name, part in self._parts.items()}
            return {name: age for name, age in ages.items() if age > self._parts[name].limit}

    def _set(self, part: str, resting: bool) -> None:
        with self._lock:
            found = self._parts.get(part)
            if found is not None:
                found.made_at = self._monotonic()
                found.resting = resting

    @staticmethod
    def _age(part: _Part, now: float) -> float:
        return 0.0 if part.resting else now - part.made_at
