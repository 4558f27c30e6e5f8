"""Live pictures: network streams and cameras of this machine, decoded by a process of their own.

The newest picture wins: slow scoring makes pictures be left out, never late.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from ocrgan_edge.errors import SettingsError, SourceError
from ocrgan_edge.video.decoder_messages import Failed, Message, Opened, Picture, Request
from ocrgan_edge.video.decoder_process import DecoderProcess, HungUpError
from ocrgan_edge.video.frame import Frame

NOMINAL_RATE = 25.0
"""Frames per second of a stream that does not tell."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds on the monotonic clock."""

    open: float = 8.0
    """For an answer. A camera that comes back while an attempt hangs waits for the next one."""

    first: float = 15.0
    """For the first picture: streams begin at their next whole picture."""

    stall: float = 2.5
    """Without a picture, after which the stream or its decoder counts as hung."""


class LiveSource:
    """Newest frames of a camera or stream; implements `Source`."""

    live = True
    length: int | None = None

    def __init__(self, name: str, request: Request, patience: Patience | None = None) -> None:
        """Starts the decoder and does not wait for it: the first `read` does.

        Args:
            name: what messages call it, without any password.
            request: what is to be decoded.
            patience: how long it waits.
        """
        self.name = name
        self.frames_per_second = NOMINAL_RATE
        """Told by the stream; nominal before it is opened."""
        self.lost = 0
        """Frames that were damaged, or that nobody read in time."""
        self._patience = patience or Patience()
        self._decoder = DecoderProcess(request)
        self._started = time.monotonic()
        self._opened = False
        self._first_at: float | None = None
        self._closed = False
        self._reading = threading.Lock()

    @property
    def decoder_pid(self) -> int:
        """Of the process that decodes."""
        return self._decoder.pid

    def open(self) -> None:
        """Waits until the stream answers.

        Raises:
            SourceError: nothing answers in time, or what answers is no video.
            SettingsError: this machine cannot read such a source.
        """
        with self._reading:
            self._open()

    def read(self) -> Frame | None:
        """The oldest of the newest frames, waiting for one if need be; None after `close`.

        Raises:
            SourceError: it cannot be opened, it broke off, or no frame came for the stall time.
            SettingsError: this machine cannot read such a source.
        """
        with self._reading:
            self._open()
            picture = None if self._closed else self._next()
            if not isinstance(picture, Picture):
                return None
            self._first_at = picture.at if self._first_at is None else self._first_at
            self.lost = picture.lost
            pixels = self._decoder.pixels(picture)
            return Frame(pixels, picture.index, picture.at - self._first_at)

    def close(self) -> None:
        """Ends the decoder; a `read` in another thread gives None at once."""
        self._closed = True
        self._decoder.hang_up()
        with self._reading:
            self._decoder.close()

    def _open(self) -> None:
        if self._opened or self._closed:
            return
        seconds = self._patience.open
        answer = self._receive(
            self._started + seconds - time.monotonic(),
            f"{self.name} did not answer within {seconds:g} s",
            f"{self.name} cannot be opened",
        )
        if isinstance(answer, Opened):
            self._opened = True
            self.frames_per_second = answer.rate or NOMINAL_RATE

    def _next(self) -> Message | None:
        seconds = self._patience.first if self._first_at is None else self._patience.stall
        with suppress(HungUpError):  # what it told before may still be read
            self._decoder.ask()
        return self._receive(
            seconds,
            f"{self.name} stalled: no frame for {seconds:g} s",
            f"{self.name} broke off",
        )

    def _receive(self, timeout: float, too_late: str, failed: str) -> Message | None:
        """A message; None after `close`. Where there is none, the decoder is ended."""
        try:
            answer = self._decoder.receive(timeout)
        except TimeoutError:
            self._decoder.close(goodbye=0.0)
            raise SourceError(too_late) from None
        except HungUpError:
            if self._closed:
                return None
            reason = self._decoder.end()
            self._decoder.close()
            raise SourceError(f"{failed}: {reason}") from None
        if isinstance(answer, Failed):
            self._decoder.close()
            kind = SettingsError if answer.final else SourceError
            raise kind(f"{failed}: {answer.reason}")
        return answer
