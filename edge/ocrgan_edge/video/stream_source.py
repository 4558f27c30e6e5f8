"""Live pictures: cameras of this machine, RTSP and HTTP streams.

A thread reads as fast as pictures come and keeps only the newest, so that slow scoring makes frames
be left out, never late.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from pathlib import Path

import cv2
import numpy as np

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.quiet import quiet_opencv

OPEN_TIMEOUT = 10.0
STALL_TIMEOUT = 10.0
KEPT = 8
"""Newest frames that wait for scoring: about a third of a second, 50 MB at 1920x1080."""

DEVICES = Path("/dev")
DEVICE_NAMES = Path("/sys/class/video4linux")


class LiveSource:
    """Newest frames of an opened OpenCV capture; implements `Source`."""

    live = True
    length: int | None = None

    def __init__(self, name: str, capture: cv2.VideoCapture, stall: float = STALL_TIMEOUT) -> None:
        """Starts reading.

        Args:
            name: what messages call it, without any password.
            capture: opened; belongs to this object from now on.
            stall: seconds without a frame after which `read` gives up.
        """
        self.name = name
        self.lost = 0
        """Frames left out because nobody read them in time."""
        rate = capture.get(cv2.CAP_PROP_FPS)
        self.frames_per_second = rate if 0.0 < rate <= 240.0 else 25.0
        self._capture = capture
        self._stall = stall
        self._waiting: deque[Frame] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._closed = False
        self._thread = threading.Thread(target=self._keep_reading, name=name, daemon=True)
        self._thread.start()

    def read(self) -> Frame | None:
        """The oldest of the newest frames, waiting for one if need be.

        Raises:
            SourceError: the stream broke off, or no frame came for the stall time.
        """
        with self._changed:
            came = self._changed.wait_for(
                lambda: self._waiting or self._ended or self._closed, self._stall
            )
            if self._waiting:
                return self._waiting.popleft()
            if self._closed:
                return None
        if came:
            raise SourceError(f"{self.name} broke off: no more frames can be read")
        raise SourceError(f"{self.name} stalled: no frame for {self._stall:g} s")

    def close(self) -> None:
        """Stops reading; a read that hangs in the driver is left to end by itself."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join(timeout=2.0)

    def _keep_reading(self) -> None:
        started: float | None = None
        index = 0
        while not self._closed:
            there, image = self._capture.read()
            if not there:
                break
            now = time.monotonic()
            started = now if started is None else started
            self._keep(Frame(np.asarray(image, np.uint8), index, now - started))
            index += 1
        self._capture.release()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _keep(self, frame: Frame) -> None:
        with self._changed:
            if len(self._waiting) >= KEPT:
                self._waiting.popleft()
                self.lost += 1
            self._waiting.append(frame)
            self._changed.notify_all()


def open_stream(
    address: str, open_timeout: float = OPEN_TIMEOUT, stall: float = STALL_TIMEOUT
) -> LiveSource:
    """Opens a network stream through FFmpeg.

    Args:
        address: `rtsp://…`, `http://…` or another address that FFmpeg reads.
        open_timeout: seconds to wait for the first answer.
        stall: seconds without a frame after which the stream counts as lost.

    Raises:
        SourceError: nothing answers in time, or what answers is no video.
    """
    quiet_opencv()
    name = without_password(address)
    milliseconds = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        int(open_timeout * 1000),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        int(stall * 1000),
    ]
    started = time.monotonic()
    capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, milliseconds)
    if capture.isOpened():
        return LiveSource(name, capture, stall)
    if time.monotonic() - started >= 0.9 * open_timeout:
        raise SourceError(f"stream {name} did not answer within {open_timeout:g} s")
    raise SourceError(f"stream {name} cannot be opened: check address, password and network")


def open_camera(camera: int, frames_per_second: float | None = None) -> LiveSource:
    """Opens a camera of this machine, `/dev/video<camera>`.

    Args:
        camera: its number.
        frames_per_second: rate to ask the camera for.

    Raises:
        SourceError: there is no such camera, it is in use, or it gives no video; the message lists
            the cameras that exist.
    """
    quiet_opencv()
    device = DEVICES / f"video{camera}"
    if not device.exists():
        raise SourceError(f"there is no camera {camera} ({device}): {_existing_cameras()}")
    capture = cv2.VideoCapture(camera, cv2.CAP_V4L2)
    if not capture.isOpened():
        raise SourceError(
            f"camera {camera} ({device}) cannot be opened, it may be in use or give no video: "
            f"{_existing_cameras()}"
        )
    if frames_per_second is not None:
        capture.set(cv2.CAP_PROP_FPS, frames_per_second)
    return LiveSource(f"camera {camera}", capture)


def without_password(address: str) -> str:
    """An address as it may be shown: the password replaced by `***`."""
    return re.sub(r"(?<=://)([^/@:]*):[^@/]*@", r"\1:***@", address)


def _existing_cameras() -> str:
    devices = sorted(DEVICES.glob("video[0-9]*"), key=lambda path: int(path.name[5:]))
    if not devices:
        return "this machine has no cameras"
    return "this machine has " + ", ".join(_describe(path) for path in devices)


def _describe(device: Path) -> str:
    number = device.name.removeprefix("video")
    try:
        return f"{number} ({(DEVICE_NAMES / device.name / 'name').read_text().strip()})"
    except OSError:
        return number
