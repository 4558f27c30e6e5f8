"""A stretch of a recording, written behind its name: `yard.mp4#t=540,600`.

Seconds as in W3C Media Fragments URI 1.0, section 4.2.1: from the first on and before the second;
without the first from the beginning, without the second to the end.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.source import Source

_SECONDS = r"\d+(?:\.\d+)?"
_FRAGMENT = re.compile(rf"(?P<whole>.+)#t=(?P<start>{_SECONDS})?(?:,(?P<stop>{_SECONDS}))?", re.S)


class Recording(Source, Protocol):
    """A source that need not decode what nobody looks at."""

    def skip(self, frames: int) -> None:
        """Passes over frames; where there are fewer left, over all of them."""


class PartSource:
    """Frames of a stretch, numbered and timed from its own beginning; implements `Source`."""

    live = False

    def __init__(self, whole: Recording, start: float, stop: float | None) -> None:
        """Takes a recording at its beginning, and seconds.

        Raises:
            SourceError: the stretch ends before it begins.
        """
        until = "" if stop is None else f"{stop:g}"
        self.name = f"{whole.name}#t={start:g},{until}"
        if stop is not None and stop <= start:
            raise SourceError(f"{self.name} ends before it begins")
        self.frames_per_second = whole.frames_per_second
        self._whole = whole
        self._first = round(start * self.frames_per_second)
        self._count = None
        if stop is not None:
            self._count = round(stop * self.frames_per_second) - self._first
        self.length: int | None = _length(whole.length, self._first, self._count)
        self._index: int | None = None

    def read(self) -> Frame | None:
        """The stretch's next frame, or None after its last.

        Raises:
            SourceError: the recording cannot be read.
        """
        if self._index is None:
            self._whole.skip(self._first)
            self._index = 0
        if self._count is not None and self._index >= self._count:
            return None
        frame = self._whole.read()
        if frame is None:
            return None
        found = Frame(frame.image, self._index, self._index / self.frames_per_second)
        self._index += 1
        return found

    def close(self) -> None:
        """Closes the recording."""
        self._whole.close()


def stretch_of(text: str) -> tuple[Path, float, float | None] | None:
    """Recording and seconds of `yard.mp4#t=540,600`; None where `text` names no stretch."""
    found = _FRAGMENT.fullmatch(text)
    if found is None or not (found["start"] or found["stop"]) or Path(text).exists():
        return None
    stop = None if found["stop"] is None else float(found["stop"])
    return Path(found["whole"]), float(found["start"] or 0), stop


def stretch(recording: Path, start: float, stop: float | None) -> Path:
    """What `open_source` reads as that stretch."""
    until = "" if stop is None else f",{stop:.3f}"
    return recording.with_name(f"{recording.name}#t={start:.3f}{until}")


def _length(whole: int | None, first: int, count: int | None) -> int | None:
    if whole is None:
        return None
    left = max(0, whole - first)
    return left if count is None else min(left, count)
