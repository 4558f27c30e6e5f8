"""From what a user writes to a source of frames."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

from ocrgan_edge.errors import SettingsError, SourceError
from ocrgan_edge.video.folder_source import FolderSource
from ocrgan_edge.video.looping_source import LoopingSource
from ocrgan_edge.video.open_live import LiveOptions, open_live, refuse_rate
from ocrgan_edge.video.opencv_source import VideoFileSource
from ocrgan_edge.video.paced_source import PacedSource
from ocrgan_edge.video.part_source import PartSource, Recording, stretch_of
from ocrgan_edge.video.source import Source


def open_source(
    text: str,
    *,
    realtime: bool = False,
    frames_per_second: float | None = None,
    loop: bool = False,
    live: LiveOptions | None = None,
) -> Source:
    """Opens a camera, stream, video file, folder of frames or the rendered scene.

    Args:
        text: `0`, `/dev/video0` or another device; `picamera`; `rtsp://…`, `http://…`; a file; a
            folder; `file#t=60,90`, a stretch of either in seconds; `scene`, `scene:…`.
        realtime: play recordings at the pace at which they were taken.
        frames_per_second: instead of a recording's own rate; of a camera, the rate to ask it for.
        loop: begin a recording again when it has ended.
        live: how cameras and streams are read, and whether they are opened again.

    Raises:
        SourceError: it is not there or cannot be read.
        SettingsError: the rate is not above 0, or is given for what has its own; or this machine
            cannot read such a source, whatever is tried.
    """
    if frames_per_second is not None and not 0.0 < frames_per_second < math.inf:
        raise SettingsError(f"frames per second must be above 0, not {frames_per_second:g}")
    camera = open_live(text, live or LiveOptions(), frames_per_second)
    if camera is not None:
        return camera
    open_again = partial(_open_recording, text, frames_per_second)
    source = LoopingSource(open_again) if loop else open_again()
    return PacedSource(source) if realtime else source


def _open_recording(text: str, frames_per_second: float | None) -> Source:
    if text == "scene" or text.startswith("scene:"):
        refuse_rate(text, frames_per_second)
        return _open_scene(text)
    part = stretch_of(text)
    if part is not None:
        path, start, stop = part
        return PartSource(_open_path(text, path, frames_per_second), start, stop)
    return _open_path(text, Path(text), frames_per_second)


def _open_path(text: str, path: Path, frames_per_second: float | None) -> Recording:
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
