"""The daemon's side of a decoder process: started, asked, hung up on, killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.decoder_messages import (
    LONGEST,
    NEXT,
    Message,
    Picture,
    Request,
    pack,
    unpack,
)
from ocrgan_edge.video.picture_memory import PictureView

GOODBYE = 0.4
"""Seconds that a decoder gets to end by itself."""

KILLED = 1.0
"""Seconds in which a killed process should be gone. One that hangs in a driver may take longer."""

# The kernel ends a child with the *thread* that started it (PR_SET_PDEATHSIG, prctl(2)): this
# thread lasts as long as the process, whichever thread opens a camera.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="start-decoder")


class HungUpError(Exception):
    """The line to the decoder has ended."""


class DecoderProcess:
    """A process that decodes one camera."""

    def __init__(self, request: Request) -> None:
        """Starts the process and tells it what to decode; does not wait for an answer.

        Raises:
            SourceError: no process can be started: memory, processes or descriptors are used up.
        """
        self._view = PictureView()
        try:
            self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._line.send(pack(request))
                self._process = _start(self._line, theirs)
        except OSError as error:
            raise SourceError(f"no decoder can be started ({error.strerror})") from error

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def ask(self) -> None:
        """Asks for the next picture.

        Raises:
            HungUpError: the process has ended, or `hang_up` was called.
        """
        try:
            self._line.send(NEXT)
        except OSError as error:
            raise HungUpError from error

    def receive(self, timeout: float) -> Message:
        """What the process tells.

        Args:
            timeout: seconds on the monotonic clock.

        Raises:
            TimeoutError: nothing came in time.
            HungUpError: the process has ended, or `hang_up` was called.
        """
        try:
            self._line.settimeout(max(0.001, timeout))
            data, descriptors, _, _ = socket.recv_fds(self._line, LONGEST, 1)
        except TimeoutError:
            raise
        except OSError as error:
            raise HungUpError from error
        if not data:
            raise HungUpError
        message = unpack(data)
        for descriptor in descriptors:
            assert isinstance(message, Picture)
            self._view.take(descriptor, message.memory)
        return message

    def pixels(self, picture: Picture) -> NDArray[np.uint8]:
        """A copy of the picture that was received last: (H, W, 3)."""
        shape, strides = (picture.height, picture.width, 3), (picture.stride, 3, 1)
        shared = np.ndarray(shape, np.uint8, self._view.pixels, 0, strides)
        return shared.copy()

    def hang_up(self) -> None:
        """Ends a `receive` in another thread at once."""
        with contextlib.suppress(OSError):  # the other end may have gone already
            self._line.shutdown(socket.SHUT_RDWR)

    def close(self, goodbye: float = GOODBYE) -> None:
        """Ends the process and frees everything; no other thread may be in `receive`.

        Args:
            goodbye: seconds that the process gets to end by itself; 0 for one that hangs.
        """
        self.hang_up()
        if not _gone(self._process, goodbye):
            self._process.kill()
            if not _gone(self._process, KILLED):
                # Stuck in a driver: the kernel ends it when the driver answers.
                threading.Thread(target=self._process.wait, daemon=True).start()
        self._line.close()
        self._view.close()

    def end(self) -> str:
        """How the process ended, as part of a sentence."""
        if not _gone(self._process, GOODBYE):
            return "its decoder hung up"
        code = self._process.returncode
        if code < 0:
            return f"its decoder was ended by {signal.Signals(-code).name}"
        return f"its decoder ended with code {code}"


def _start(ours: socket.socket, theirs: socket.socket) -> subprocess.Popen[bytes]:
    try:
        return _STARTER.submit(_popen, theirs.fileno()).result()
    except OSError:
        ours.close()
        raise


def _popen(descriptor: int) -> subprocess.Popen[bytes]:
    # -P: a file av.py in the working directory must not be taken for the library.
    command = [sys.executable, "-P", "-m", "ocrgan_edge.video.decoder", str(descriptor)]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        # What went wrong is told over the line; FFmpeg's own lines could name the password.
        stderr=None if "OCRGAN_DECODER_STDERR" in os.environ else subprocess.DEVNULL,
        pass_fds=(descriptor,),
    )


def _gone(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
