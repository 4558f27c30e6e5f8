"""The decoder process: decodes one camera, so that a decoder that hangs or dies can be replaced.

Started as `python -m ocrgan_edge.video.decoder <descriptor>`; the descriptor is a UNIX socket, over
which the request comes: a command line, with a password in it, could be read by everybody.
One thread decodes without pause. The other hands over, and only what it hands over is converted.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import resource
import select
import signal
import socket
import sys
import threading
import time

from ocrgan_edge.video.capture import Capture, CaptureError, Image, StreamCapture
from ocrgan_edge.video.decoder_messages import (
    LONGEST,
    NEXT,
    Failed,
    Message,
    Opened,
    Picture,
    Request,
    pack,
    unpack,
)
from ocrgan_edge.video.inbox import Arrival, Inbox
from ocrgan_edge.video.picture_memory import PictureMemory

MOST_MEMORY = 1 << 30
"""Bytes that damaged or evil streams may make a decoder take; 4K video needs a quarter of it."""

RETRY_PAUSE = 0.4
"""Seconds between two attempts to open, on average."""

LOOK_UP = 0.5
"""Seconds after which a thread that waits looks whether the daemon is still there."""

GOODBYE = 0.25
"""Seconds for saying goodbye to the camera."""

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Decodes until the daemon hangs up, or dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The daemon decides when this process ends, not who presses Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    line = socket.socket(fileno=int(sys.argv[1]))
    request = unpack(line.recv(LONGEST))
    assert isinstance(request, Request)
    decoding = Decoding(request)
    with contextlib.suppress(OSError):  # the daemon has hung up
        _serve(line, decoding, request.widest)
    decoding.stop()
    os._exit(0)  # a capture that hangs shall not keep the process


class Decoding:
    """The thread that decodes, and what it has to tell."""

    def __init__(self, request: Request) -> None:
        """Starts to open what is asked for."""
        self.inbox: Inbox[Image] = Inbox(request.most_per_second)
        self.opened: Opened | None = None
        self.failed: Failed | None = None
        self._request = request
        self._stopping = False
        self._changed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def beginning(self) -> Message | None:
        """That it is opened, or why it is not; None if that is not known for some time."""
        self._changed.wait(LOOK_UP)
        return self.opened or self.failed

    def next(self) -> Arrival[Image] | Failed | None:
        """A picture, or why there are no more; None if none came for some time."""
        return self.inbox.take(LOOK_UP if self.failed is None else 0.0) or self.failed

    def stop(self) -> None:
        """Ends it, politely if the camera allows that."""
        self._stopping = True
        self._thread.join(GOODBYE)

    def _run(self) -> None:
        try:
            self._decode()
        except CaptureError as error:
            self.failed = Failed(error.reason, error.final)
        except MemoryError:
            self.failed = Failed("its pictures do not fit into memory")
        except Exception as error:  # whatever a decoder library throws must reach the daemon
            self.failed = Failed(f"the decoder failed ({type(error).__name__})")
        self._changed.set()

    def _decode(self) -> None:
        capture = _open_patiently(self._request)
        try:
            self.opened = Opened(capture.rate)
            self._changed.set()
            for image in capture.images():
                self.inbox.put(image, time.monotonic())
                if self._stopping:
                    break
        finally:
            capture.close()


def _open_patiently(request: Request) -> Capture:
    end = time.monotonic() + request.retry_for
    while True:
        pause = RETRY_PAUSE * random.uniform(0.5, 1.5)  # many cameras shall not knock in step
        try:
            return _open(request)
        except CaptureError as error:
            if error.final or time.monotonic() + pause > end:
                raise
        time.sleep(pause)


def _open(request: Request) -> Capture:
    if request.kind == "picamera":
        from ocrgan_edge.video.picamera_capture import PicameraCapture

        return PicameraCapture(request)
    return StreamCapture(request)


def _serve(line: socket.socket, decoding: Decoding, widest: int) -> None:
    memory = PictureMemory()
    while (beginning := decoding.beginning()) is None:
        _check(line)
    line.send(pack(beginning))
    while line.recv(len(NEXT)):
        while (told := decoding.next()) is None:
            _check(line)
        if isinstance(told, Failed):
            line.send(pack(told))
            return
        message, descriptors = _paint(told, memory, widest, decoding.inbox.lost)
        socket.send_fds(line, [pack(message)], descriptors)


def _paint(
    arrival: Arrival[Image], memory: PictureMemory, widest: int, lost: int
) -> tuple[Picture, list[int]]:
    pixels, height, width, stride = arrival.item.paint(widest)
    new = memory.store(pixels[: height * stride])
    picture = Picture(
        arrival.index, arrival.at, height, width, stride, lost, memory.size if new else 0
    )
    return picture, [memory.descriptor] if new else []


def _check(line: socket.socket) -> None:
    events = select.poll()
    events.register(line, 0)  # a hang-up is always told
    if events.poll(0):
        raise ConnectionResetError


if __name__ == "__main__":
    main()
