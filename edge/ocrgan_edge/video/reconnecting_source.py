"""A live source that is opened again whenever it is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from tenacity import (
    RetryCallState,
    RetryError,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_when_event_set,
    wait_exponential,
    wait_random,
)

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.source import Source

FIRST_WAIT = 0.2
LONGEST_WAIT = 2.0
"""Seconds. With this, and the time that opening takes, frames are there again within 5 s."""
JITTER = 0.3
"""Seconds, so that the cameras of a switch that was restarted do not all come at once."""


class LossySource(Source, Protocol):
    """A live source that counts what it left out."""

    lost: int
    """Frames that were damaged, or that nobody read in time."""


class Watcher(Protocol):
    """Is told what happens to a camera, in the thread that reads it."""

    def connected(self) -> None:
        """The first frame of a connection has come."""

    def lost(self, reason: str) -> None:
        """The connection was lost, or the first could not be made: once until it is there again."""

    def tried(self) -> None:
        """Reading or connecting has failed, and is tried again: each time."""

    def dropped(self, frames: int) -> None:
        """So many more frames were damaged, or were not read in time."""


class Unwatched:
    """Nobody wants to know."""

    def connected(self) -> None:
        """Does nothing."""

    def lost(self, reason: str) -> None:
        """Does nothing."""

    def tried(self) -> None:
        """Does nothing."""

    def dropped(self, frames: int) -> None:
        """Does nothing."""


class ReconnectingSource:
    """One camera through all its connections; implements `Source`.

    `at` is on one monotonic axis from the first frame ever, and `index` goes on counting.
    """

    live = True
    length: int | None = None

    def __init__(
        self,
        name: str,
        open_again: Callable[[], LossySource],
        watcher: Watcher | None = None,
        first: LossySource | None = None,
    ) -> None:
        """Opens nothing yet.

        Args:
            name: what messages call it.
            open_again: makes a connection. A `SourceError` from it or from reading is tried again
                for ever, other errors are passed on.
            watcher: is told what happens.
            first: a connection that is there already.
        """
        self.name = name
        self.frames_per_second = first.frames_per_second if first else 25.0
        self._open_again = open_again
        self._watcher: Watcher = watcher or Unwatched()
        self._source = first
        self._closing = threading.Event()
        self._handover = threading.Lock()
        self._retrying = Retrying(
            retry=retry_if_exception_type(SourceError),
            wait=wait_exponential(FIRST_WAIT, max=LONGEST_WAIT - JITTER) + wait_random(0.0, JITTER),
            before_sleep=self._lose,
            sleep=sleep_using_event(self._closing),
            stop=stop_when_event_set(self._closing),
        )
        self._axis = _Axis()
        self._up, self._down = False, False
        self._dropped = 0

    def read(self) -> Frame | None:
        """The next frame, however long the camera is away; None after `close`.

        Raises:
            SettingsError: trying again cannot help.
        """
        try:
            return self._retrying(self._read_once)
        except RetryError:
            return None

    def close(self) -> None:
        """Ends it; a `read` in another thread gives None at once."""
        self._closing.set()
        with self._handover:
            source = self._source
        if source is not None:
            source.close()

    def _read_once(self) -> Frame:
        source = self._connection()
        frame = source.read()
        if frame is None:
            raise SourceError(f"{self.name} has ended")
        if not self._up:
            self._connected(source, frame)
        if source.lost != self._dropped:
            self._watcher.dropped(source.lost - self._dropped)
            self._dropped = source.lost
        return self._axis.place(frame)

    def _connection(self) -> LossySource:
        with self._handover:
            if self._closing.is_set():
                raise SourceError(f"{self.name} is closed")
            if self._source is None:
                self._source = self._open_again()
            return self._source

    def _connected(self, source: LossySource, frame: Frame) -> None:
        self._up, self._down = True, False
        self._dropped = 0
        self.frames_per_second = source.frames_per_second
        self._axis.begin(frame, time.monotonic())
        self._watcher.connected()

    def _lose(self, state: RetryCallState) -> None:
        self._up = False
        with self._handover:
            source, self._source = self._source, None
        if source is not None:
            source.close()
        if not self._down:
            self._down = True
            error = state.outcome.exception() if state.outcome else None
            self._watcher.lost(str(error))
        self._watcher.tried()


class _Axis:
    """Puts the frames of one connection after another onto one axis of time and numbers."""

    def __init__(self) -> None:
        self._zero: float | None = None
        self._shift, self._index_shift = 0.0, 0
        self._newest_at, self._newest_index = 0.0, -1

    def begin(self, first: Frame, now: float) -> None:
        """A connection's first frame has come at this moment of the monotonic clock."""
        if self._zero is None:
            self._zero = now
        self._shift = now - self._zero - first.at
        self._index_shift = self._newest_index + 1 - first.index

    def place(self, frame: Frame) -> Frame:
        """The same frame on the common axis."""
        self._newest_at = max(self._newest_at, frame.at + self._shift)
        self._newest_index = frame.index + self._index_shift
        return Frame(frame.image, self._newest_index, self._newest_at)
