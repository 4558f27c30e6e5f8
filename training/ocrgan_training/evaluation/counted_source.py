"""Counts what a clip really gives, for labels, speeds and progress."""

from __future__ import annotations

from collections.abc import Callable

from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.source import Source


class CountedSource:
    """A source that counts its frames; implements `Source`."""

    def __init__(self, source: Source, told: Callable[[], None] = lambda: None) -> None:
        """Wraps a source; `told` is called for every frame."""
        self._source = source
        self._told = told
        self.frames = 0
        self.name = source.name
        self.frames_per_second = source.frames_per_second
        self.live = source.live
        self.length = source.length

    def read(self) -> Frame | None:
        """The next frame; see `Source`."""
        frame = self._source.read()
        if frame is not None:
            self.frames += 1
            self._told()
        return frame

    def close(self) -> None:
        """Closes the source."""
        self._source.close()
