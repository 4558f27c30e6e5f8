"""The file that a clip's pictures make."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import cv2

from ocrgan_edge.alerts.evidence.picture import Picture, from_jpeg

if TYPE_CHECKING:
    import av

ENCODER: Final = "libx264"
MILLISECONDS = Fraction(1, 1000)
SECONDS_BETWEEN_KEYFRAMES = 2


def can_encode() -> bool:
    """Whether this machine's libraries can make H.264."""
    # Here and below: PyAV costs 0.1 s and 17 MB, which only those who keep clips shall pay.
    import av

    return ENCODER in av.codecs_available


def h264_mp4(pictures: Sequence[Picture]) -> bytes:
    """An MP4 file of H.264 that browsers can play while they load it.

    Args:
        pictures: at least one, in order of time; their distances are kept to the millisecond.
            The size of the first is the clip's.
    """
    with _InMemory() as file:
        _encode(pictures, file.path)
        return file.read()


def mjpeg_mov(pictures: Sequence[Picture]) -> bytes:
    """A QuickTime file of the pictures as they are, for machines without an encoder."""
    import av

    with _InMemory() as file:
        with av.open(file.path, "w", format="mov", options={"movflags": "+faststart"}) as clip:
            stream = clip.add_stream("mjpeg", rate=_rate(pictures))
            stream.height, stream.width = from_jpeg(pictures[0].jpeg).shape[:2]
            stream.pix_fmt = "yuvj420p"
            for picture, at in _timed(pictures):
                packet = av.Packet(picture.jpeg)
                packet.stream = stream
                packet.time_base = MILLISECONDS
                packet.pts = packet.dts = at
                packet.is_keyframe = True
                clip.mux(packet)
        return file.read()


class _InMemory:
    """A file that has a path but no place on a disk: the muxer writes, seeks and reads by path."""

    def __enter__(self) -> _InMemory:
        self._descriptor = os.memfd_create("clip", os.MFD_CLOEXEC)
        self.path = f"/proc/self/fd/{self._descriptor}"
        return self

    def read(self) -> bytes:
        return os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def _encode(pictures: Sequence[Picture], path: str) -> None:
    import av

    rate = _rate(pictures)
    # One thread: an encoder with threads of its own would take the cores that score.
    options = {"preset": "veryfast", "crf": "26", "threads": "1", "bf": "0"}
    with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as clip:
        stream = clip.add_stream(ENCODER, rate=rate, options=options)
        stream.height, stream.width = from_jpeg(pictures[0].jpeg).shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = MILLISECONDS
        stream.codec_context.gop_size = max(1, round(SECONDS_BETWEEN_KEYFRAMES * rate))
        for picture, at in _timed(pictures):
            frame = _frame(picture, (stream.width, stream.height))
            frame.pts, frame.time_base = at, MILLISECONDS
            clip.mux(stream.encode(frame))
        clip.mux(stream.encode(None))


def _frame(picture: Picture, size: tuple[int, int]) -> av.VideoFrame:
    import av

    image = from_jpeg(picture.jpeg)
    if (image.shape[1], image.shape[0]) != size:  # the camera changed its resolution
        image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR).astype("uint8")
    return av.VideoFrame.from_ndarray(image, format="bgr24")


def _timed(pictures: Sequence[Picture]) -> Iterator[tuple[Picture, int]]:
    """Pictures with their milliseconds since the first, which always grow."""
    last = -1
    for picture in pictures:
        last = max(last + 1, round((picture.at - pictures[0].at) * 1000))
        yield picture, last


def _rate(pictures: Sequence[Picture]) -> Fraction:
    """Mean pictures per second, 1 … 60: what players and the encoder's rate control go by."""
    seconds = pictures[-1].at - pictures[0].at
    rate = (len(pictures) - 1) / seconds if seconds > 0 else 10.0
    return Fraction(min(max(rate, 1.0), 60.0)).limit_denominator(100)
