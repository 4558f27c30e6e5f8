"""Reads one camera in a thread of its own, onto the model's clock."""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from ocrgan_edge.errors import OcrganError
from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.resample import frames_on_clock
from ocrgan_edge.video.source import Source

_log = logging.getLogger(__name__)


class Taker(Protocol):
    """Who takes the frames, in the feed's thread."""

    def take_frame(self, frame: Frame) -> None:
        """Takes the next frame on the model's clock."""

    def source_ended(self, error: Exception | None) -> None:
        """Is told that there are no more frames, and why if that is a failure."""


class Feed:
    """A thread from the source to whoever takes its frames."""

    def __init__(self, name: str, source: Source, frames_per_second: float, taker: Taker) -> None:
        """Waits for `start`.

        Args:
            name: the camera's.
            source: opened; belongs to the feed from now on.
            frames_per_second: of the model.
            taker: takes the frames.
        """
        self._source = source
        self._rate = frames_per_second
        self._taker = taker
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=f"feed-{name}", daemon=True)

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Reads no more; returns at once."""
        self._stopped = True
        self._close()

    def stop(self) -> None:
        """Reads no more; the taker is told of the end before this returns."""
        self.ask_to_stop()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        error: Exception | None = None
        try:
            for frame in frames_on_clock(self._source, self._rate):
                if self._stopped:
                    break
                self._taker.take_frame(frame)
        except OcrganError as failure:
            error = failure
        except Exception as failure:  # a fault of ours must not leave the camera silently dead
            _log.exception("reading %s failed", self._source.name)
            error = failure
        finally:
            self._close()
            self._taker.source_ended(None if self._stopped else error)

    def _close(self) -> None:
        try:
            self._source.close()
        except Exception:  # nothing may keep the taker from being told
            _log.exception("closing %s failed", self._source.name)
