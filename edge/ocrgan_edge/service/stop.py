"""One wish to stop, from whichever side it comes: a signal, or a part that cannot go on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ocrgan_edge.clock import MediaClock
from ocrgan_edge.errors import OcrganError
from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.source import Source


class Stop:
    """Asked for once or often, by any thread; never taken back."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.exit_code = 0
        self.error: OcrganError | None = None
        """Why the daemon cannot go on, if that is the reason."""
        self._asked = threading.Event()

    @property
    def asked(self) -> bool:
        """Whether it is time to stop."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Asks for a clean stop."""
        self._asked.set()

    def fail(self, error: OcrganError) -> None:
        """Asks for a stop because of an error, which decides the exit code."""
        self.error = error
        self._asked.set()

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT (exit code 130) ask for a clean stop."""
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        for number in before:
            signal.signal(number, self._on_signal)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self.exit_code = 128 + number if number == signal.SIGINT else 0
        self._asked.set()


class StoppableSource:
    """A source that ends at once when a stop is asked for; starts the clock at its first frame."""

    def __init__(self, source: Source, stop: Stop, clock: MediaClock) -> None:
        """Wraps `source`."""
        self.name = source.name
        self.frames_per_second = source.frames_per_second
        self.live = source.live
        self.length = source.length
        self._source = source
        self._stop = stop
        self._clock = clock
        self._started = False

    def read(self) -> Frame | None:
        """The next frame, or None at the source's end or when it is time to stop."""
        frame = None if self._stop.asked else self._source.read()
        if frame is not None and not self._started:
            self._clock.start(frame.at)
            self._started = True
        return frame

    def close(self) -> None:
        """Closes the source."""
        self._source.close()
