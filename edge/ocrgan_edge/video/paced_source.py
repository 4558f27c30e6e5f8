"""A recording played at the pace at which it was taken."""

from __future__ import annotations

import threading
import time

from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.source import Source


class PacedSource:
    """Gives each frame of a recording not before its time; implements `Source`.

    No frame is left out: a reader that is too slow gets them as fast as it reads.
    """

    live = False

    def __init__(self, source: Source) -> None:
        """Wraps a recording; its clock starts at the first read."""
        self.name = source.name
        self.frames_per_second = source.frames_per_second
        self.length = source.length
        self._source = source
        self._started: float | None = None
        self._closing = threading.Event()

    def read(self) -> Frame | None:
        """The next frame when its time has come; None at the end, and at once after `close`."""
        frame = self._source.read()
        if frame is None:
            return None
        if self._started is None:
            self._started = time.monotonic() - frame.at
        too_early = self._started + frame.at - time.monotonic()
        return None if self._closing.wait(max(0.0, too_early)) else frame

    def close(self) -> None:
        """Closes the recording; a `read` in another thread gives None at once."""
        self._closing.set()
        self._source.close()
