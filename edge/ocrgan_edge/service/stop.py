"""One wish to stop, from whichever side it comes: a signal, or a part that cannot go on."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ocrgan_edge.errors import OcrganError

Job = Callable[[], None]
MOST = 1000
"""Jobs that may wait before those from afar are turned away."""


class Stop:
    """Asked for once or often, by any thread; never taken back."""

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        """Nobody has asked yet; `wake` is called when somebody does, also by a signal handler."""
        self.exit_code = 0
        self.error: OcrganError | None = None
        """Why the daemon cannot go on, if that is the reason."""
        self._asked = threading.Event()
        self._wake = wake

    @property
    def asked(self) -> bool:
        """Whether it is time to stop."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Asks for a clean stop."""
        self._asked.set()
        self._wake()

    def fail(self, error: OcrganError) -> None:
        """Asks for a stop because of an error, which decides the exit code."""
        self.error = error
        self.ask()

    @contextmanager
    def on_signals(self, hang_up: Callable[[], None] = lambda: None) -> Iterator[None]:
        """SIGTERM and SIGINT (exit code 130) ask for a clean stop; SIGHUP calls `hang_up`."""
        handlers = {
            signal.SIGTERM: self._on_signal,
            signal.SIGINT: self._on_signal,
            signal.SIGHUP: lambda *_: hang_up(),
        }
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self.exit_code = 128 + number if number == signal.SIGINT else 0
        self.ask()


class Inbox:
    """What the daemon's own thread has to do: jobs that any thread, or a signal, puts in."""

    def __init__(self) -> None:
        """Empty. A `SimpleQueue` may be used inside a signal handler."""
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()

    @property
    def waiting(self) -> int:
        """Jobs that are not done yet."""
        return self._jobs.qsize()

    def put(self, job: Job) -> None:
        """Has it done soon."""
        self._jobs.put(job)

    def offer(self, job: Job) -> bool:
        """Has it done soon, unless too many wait already; whether it will be."""
        taken = self.waiting < MOST
        if taken:
            self.put(job)
        return taken

    def wake(self) -> None:
        """Lets who waits in `work` look around."""
        self._jobs.put(lambda: None)

    def work(self, seconds: float) -> None:
        """Does the next job, waiting at most so long for one."""
        try:
            job = self._jobs.get(timeout=seconds)
        except queue.Empty:
            return
        job()
