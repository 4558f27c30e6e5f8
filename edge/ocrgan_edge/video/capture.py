"""Decoding of network streams and of cameras of this machine by FFmpeg, inside the decoder process.

Neither numpy nor OpenCV is imported: the decoder has to be small.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Protocol

import av
import av.error
import av.logging
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from ocrgan_edge.video.decoder_messages import Request

DAMAGED_IN_ROW = 50
"""Pieces in no known format, without a picture between them, after which a stream is given up.
Packets that cannot be decoded do not count: they are usual until the first whole picture."""

STREAM_OPTIONS = {
    # What a camera answers, a playlist perhaps, must not make FFmpeg read this machine's files.
    "protocol_whitelist": "crypto,http,https,httpproxy,rtmp,rtmps,rtp,srt,srtp,tcp,tls,udp",
    "rtsp_transport": "tcp",  # over UDP a lost packet is a damaged picture, and so a false alarm
    "allowed_media_types": "video",
    "analyzeduration": "1000000",  # µs
    "fpsprobesize": "3",  # frames: all that the rate is worth waiting for
}

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (av.error.HTTPUnauthorizedError, "user or password are refused (401)"),
    (av.error.HTTPForbiddenError, "access is forbidden (403)"),
    (av.error.HTTPNotFoundError, "there is nothing at this path (404)"),
    (av.error.HTTPClientError, "the camera refuses it, perhaps it has no pictures there (4xx)"),
    (av.error.HTTPServerError, "the camera has an error of its own (5xx)"),
    (av.error.ConnectionRefusedError, "nothing listens at this address (connection refused)"),
    (av.error.InvalidDataError, "what comes is no video"),
    (av.error.EOFError, "nothing comes"),
)


class CaptureError(Exception):
    """Nothing can be captured; the text is part of a sentence and never holds the address."""

    def __init__(self, reason: str, final: bool = False) -> None:
        """Says why; `final` where trying again cannot help."""
        super().__init__(reason)
        self.reason, self.final = reason, final


class Image(Protocol):
    """A decoded picture that can be converted."""

    def paint(self, widest: int) -> tuple[memoryview, int, int, int]:
        """Blue-green-red bytes, height, width, bytes from one row to the next."""


class Capture(Protocol):
    """An opened camera or stream."""

    rate: float | None

    def images(self) -> Iterator[Image | None]:
        """Pictures as they come; None for each damaged piece. Raises `CaptureError`."""

    def close(self) -> None:
        """Ends the connection."""


class StreamImage:
    """A picture as FFmpeg decoded it."""

    _reformatter = VideoReformatter()  # keeps swscale's tables while the size stays the same

    def __init__(self, frame: VideoFrame) -> None:
        """Keeps the frame."""
        self._frame = frame

    def paint(self, widest: int) -> tuple[memoryview, int, int, int]:
        """Blue-green-red bytes, height, width, bytes from one row to the next."""
        width, height = self._frame.width, self._frame.height
        if width > widest:
            width, height = widest, max(1, round(height * widest / width))
        how = "AREA" if width < self._frame.width else "BILINEAR"
        painted = self._reformatter.reformat(
            self._frame, width, height, "bgr24", interpolation=how, threads=1
        )
        plane = painted.planes[0]
        return memoryview(plane).cast("B"), height, width, plane.line_size


class StreamCapture:
    """A stream or a V4L2 device; implements `Capture`."""

    def __init__(self, request: Request) -> None:
        """Opens it and finds its pictures.

        Raises:
            CaptureError: nothing answers, or what answers has no pictures.
        """
        # Damage is counted and failures are told; FFmpeg's own lines would name the password.
        av.logging.set_level(None)
        self._request = request
        self._open("v4l2" if request.kind == "v4l2" else None)
        rate = float(self._stream.guessed_rate or self._stream.average_rate or 0.0)
        self.rate = rate if 0.0 < rate <= 240.0 else None

    def images(self) -> Iterator[StreamImage | None]:
        """Pictures as they come; None for each damaged piece.

        Raises:
            CaptureError: the stream broke off, or nothing of it can be decoded.
        """
        yield from self._images()
        if self._container.format.name == "mpjpeg":
            # Something lies between the parts. Pictures can also be found by how they begin and
            # end; but then each is known to be whole only when the next one begins.
            self._container.close()
            self._open("mjpeg")
            yield from self._images()
        raise CaptureError("nothing of it can be decoded")

    def _images(self) -> Iterator[StreamImage | None]:
        """Ends where nothing more can be made of what comes."""
        damaged = 0
        while damaged < DAMAGED_IN_ROW:
            try:
                for packet in self._container.demux(self._stream):
                    for image in _decode(packet):
                        damaged = 0 if image else damaged
                        yield image
                raise CaptureError("the camera has ended it")
            except av.error.InvalidDataError:
                damaged += 1
                yield None
            except av.error.FFmpegError as error:
                raise CaptureError(_reason(error)) from error

    def _open(self, kind: str | None) -> None:
        self._container = _open(self._request, kind)
        if not self._container.streams.video:
            self._container.close()
            raise CaptureError("it has no pictures")
        self._stream: VideoStream = self._container.streams.video[0]
        # One thread: the others would hold pictures back, and cameras share a thread budget.
        self._stream.codec_context.thread_count = 1

    def close(self) -> None:
        """Says goodbye to the camera."""
        self._container.close()


def _open(request: Request, kind: str | None) -> InputContainer:
    options = {} if kind == "v4l2" else dict(STREAM_OPTIONS)
    if kind == "v4l2" and request.frames_per_second:
        options["framerate"] = f"{request.frames_per_second:g}"
    try:
        return av.open(
            request.address,
            format=kind,
            options=options | request.options,
            metadata_errors="replace",
        )
    except (av.error.ProtocolNotFoundError, av.error.DemuxerNotFoundError) as error:
        raise CaptureError("FFmpeg here was built without this kind of stream", True) from error
    except (av.error.FFmpegError, ValueError) as error:
        raise CaptureError(_reason(error)) from error


def _decode(packet: Packet[VideoStream]) -> Iterator[StreamImage | None]:
    try:
        frames = packet.decode()
    except av.error.EOFError:
        return
    except av.error.FFmpegError:
        yield None
        return
    for frame in frames:
        yield None if frame.is_corrupt else StreamImage(frame)


def _reason(error: Exception) -> str:
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    told = getattr(error, "strerror", None)
    if getattr(error, "errno", None) == errno.EIO:  # FFmpeg's word for an unknown host, too
        return "the host is not known, or the connection ended (input/output error)"
    return str(told).lower() if told else "it cannot be read"
