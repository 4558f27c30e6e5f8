"""Video files, decoded by OpenCV."""

from __future__ import annotations

import math
import stat
import threading
from pathlib import Path

import cv2
import numpy as np

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.quiet import quiet_opencv

WHOLE = 0.95
"""Share of the frames promised by a file's header that must be there. Not 1: many headers only
know the length in seconds, with the sound, which may go on for a moment after the last picture."""

FAR = 500
"""Frames from which on it is sought: nearer, transport and program streams have been seen to end up
a group of pictures too late, and decoding costs little."""


class VideoFileSource:
    """Frames of a video file; implements `Source`."""

    live = False

    def __init__(self, path: Path, frames_per_second: float | None = None) -> None:
        """Opens the file.

        Args:
            path: any container and codec that OpenCV's FFmpeg reads.
            frames_per_second: instead of the recorded rate.

        Raises:
            SourceError: the file is missing, empty, no file, no video, or has no usable rate.
        """
        quiet_opencv()
        self.name = str(path)
        _check_file(path)
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise SourceError(f"{path} is no video, or broken: it cannot be opened")
        recorded = self._capture.get(cv2.CAP_PROP_FPS)
        self.frames_per_second = _usable_rate(path, frames_per_second or recorded)
        promised = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.length = int(promised) if 0 < promised < math.inf else None
        self._index = 0
        self._reading = threading.Lock()

    def read(self) -> Frame | None:
        """The next frame, or None at the end.

        Raises:
            SourceError: the file ends long before its header says, or has no frames.
        """
        # OpenCV dies where a capture is released while another thread reads it.
        with self._reading:
            there, image = self._capture.read()
            if not there:
                self._check_end()
                return None
        frame = Frame(
            np.asarray(image, np.uint8), self._index, self._index / self.frames_per_second
        )
        self._index += 1
        return frame

    def skip(self, frames: int) -> None:
        """Passes over frames: many are sought where the file's length is known, else decoded."""
        with self._reading:
            wanted = self._index + frames
            if frames >= FAR and self.length is not None and wanted < self.length:
                self._seek(wanted)
            while self._index < wanted and self._capture.grab():
                self._index += 1

    def close(self) -> None:
        """Closes the file; may be called from another thread."""
        with self._reading:
            self._capture.release()

    def _seek(self, index: int) -> None:
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, index)
        self._index = index
        if self._capture.get(cv2.CAP_PROP_POS_FRAMES) != index:  # nobody knows where it is
            self._capture.open(self.name, cv2.CAP_FFMPEG)
            self._index = 0

    def _check_end(self) -> None:
        if not self._capture.isOpened():
            return
        if self._index == 0:
            raise SourceError(f"{self.name} is broken: it has no frame that can be decoded")
        if self.length is not None and self._index < min(WHOLE * self.length, self.length - 2):
            raise SourceError(
                f"{self.name} is broken: it ends after {self._index} of {self.length} frames"
            )


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror})") from error
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{path} is no file, but a pipe, socket or device")
    if status.st_size == 0:
        raise SourceError(f"{path} is empty: 0 bytes")


def _usable_rate(path: Path, rate: float) -> float:
    if not 0.0 < rate <= 1000.0:
        raise SourceError(f"{path} does not say its frame rate ({rate:g}/s): give it with --fps")
    return rate
