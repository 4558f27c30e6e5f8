"""From what a user writes to a source of frames."""

from __future__ import annotations

import math
import re
from pathlib import Path

from ocrgan_edge.errors import SettingsError, SourceError
from ocrgan_edge.video.folder_source import FolderSource
from ocrgan_edge.video.opencv_source import VideoFileSource
from ocrgan_edge.video.paced_source import PacedSource
from ocrgan_edge.video.source import Source
from ocrgan_edge.video.stream_source import open_camera, open_stream, without_password

STREAMS = ("rtsp", "rtsps", "http", "https", "rtmp", "rtp", "srt", "tcp", "udp")


def open_source(
    text: str, *, realtime: bool = False, frames_per_second: float | None = None
) -> Source:
    """Opens a camera, stream, video file, folder of frames or the rendered scene.

    Args:
        text: `0` or `/dev/video0`; `rtsp://…`, `http://…`; a file; a folder; `scene`, `scene:…`.
        realtime: play recordings at the pace at which they were taken.
        frames_per_second: instead of a recording's own rate; of a camera, the rate to ask it for.

    Raises:
        SourceError: it is not there or cannot be read.
        SettingsError: the rate is not above 0, or is given for what has its own.
    """
    if frames_per_second is not None and not 0.0 < frames_per_second < math.inf:
        raise SettingsError(f"frames per second must be above 0, not {frames_per_second:g}")
    camera = re.fullmatch(r"(?:/dev/video)?(\d+)", text)
    if camera:
        return open_camera(int(camera[1]), frames_per_second)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", text)
    if scheme:
        return _open_stream(text, scheme[1].lower(), frames_per_second)
    source = _open_recording(text, frames_per_second)
    return PacedSource(source) if realtime and not source.live else source


def _open_stream(address: str, scheme: str, frames_per_second: float | None) -> Source:
    if scheme not in STREAMS:
        raise SourceError(
            f"{without_password(address)} has a scheme that is not known: "
            f"wanted is one of {', '.join(STREAMS)}"
        )
    _refuse_rate(without_password(address), frames_per_second)
    return open_stream(address)


def _open_recording(text: str, frames_per_second: float | None) -> Source:
    if text == "scene" or text.startswith("scene:"):
        _refuse_rate(text, frames_per_second)
        return _open_scene(text)
    path = Path(text)
    if path.is_dir():
        return FolderSource(path, frames_per_second)
    if path.exists():
        return VideoFileSource(path, frames_per_second)
    raise SourceError(
        f"there is no source {text!r}: wanted is a camera's number, an rtsp:// or http:// address, "
        "a video file, a folder of frames, or scene"
    )


def _open_scene(text: str) -> Source:
    from ocrgan_edge.video.scene.text import (
        open_scene,
    )  # the renderer is loaded only where it is used

    return open_scene(text)


def _refuse_rate(name: str, frames_per_second: float | None) -> None:
    if frames_per_second is not None:
        raise SettingsError(f"{name} has its own frame rate: --fps is for recordings and cameras")
