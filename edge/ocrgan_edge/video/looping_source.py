"""A recording that begins again when it has ended."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.source import Source


class LoopingSource:
    """Plays a recording without end; implements `Source`.

    `at` and `index` go on from one round to the next, one frame's time apart.
    """

    live = False
    length: int | None = None

    def __init__(self, open_again: Callable[[], Source]) -> None:
        """Opens the recording.

        Args:
            open_again: opens it from its beginning; called once for every round.

        Raises:
            SourceError: it cannot be opened.
        """
        self._open_again = open_again
        self._source = open_again()
        self.name = self._source.name
        self.frames_per_second = self._source.frames_per_second
        self._closed = False
        self._handover = threading.Lock()
        self._shift, self._index_shift = 0.0, 0
        self._next_at, self._next_index = 0.0, 0

    def read(self) -> Frame | None:
        """The next frame; None after `close`, and from a recording that has none.

        Raises:
            SourceError: the recording cannot be read, or not again.
        """
        frame = self._source.read()
        if frame is None and self._begin_again():
            frame = self._source.read()
        if frame is None:
            return None
        index, at = frame.index + self._index_shift, frame.at + self._shift
        self._next_index, self._next_at = index + 1, at + 1 / self.frames_per_second
        return Frame(frame.image, index, at)

    def close(self) -> None:
        """Ends the playing."""
        self._closed = True
        with self._handover:
            self._source.close()

    def _begin_again(self) -> bool:
        with self._handover:
            if self._closed:
                return False
            self._source.close()
            self._source = self._open_again()
        self._shift, self._index_shift = self._next_at, self._next_index
        return True
