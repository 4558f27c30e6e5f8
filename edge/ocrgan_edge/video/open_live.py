"""From what a user writes to a live source: cameras of this machine, streams, the Pi's camera."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from pathlib import Path

from ocrgan_edge.errors import SettingsError, SourceError
from ocrgan_edge.video import devices
from ocrgan_edge.video.address import without_password
from ocrgan_edge.video.decoder_messages import Request
from ocrgan_edge.video.reconnecting_source import ReconnectingSource, Watcher
from ocrgan_edge.video.stream_source import LiveSource, Patience

STREAMS = ("rtsp", "rtsps", "http", "https", "rtmp", "rtp", "srt", "tcp", "udp")
RETRY_FOR = 6.0
"""Seconds in which a decoder process tries again to open, before it is replaced: a camera that is
away for a week shall not cost a process every second."""


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """How cameras and streams are read."""

    reconnect: bool = False
    """Open it again whenever it is lost, instead of an error."""

    patient: bool = False
    """Wait also for one that is not there at first; means `reconnect`."""

    watcher: Watcher | None = None
    """Is told what happens, where `reconnect` is set."""

    most_per_second: float | None = None
    """Largest rate at which frames are converted and handed over."""

    widest: int = 1280
    """Pixels; wider pictures are made smaller."""

    patience: Patience = field(default_factory=Patience)
    """How long an answer, the first and the next frame may take."""


def open_live(
    text: str, options: LiveOptions, frames_per_second: float | None = None
) -> LiveSource | ReconnectingSource | None:
    """Opens what is live; gives None for what is not.

    Args:
        text: `0`, `/dev/video0`, `/dev/v4l/by-id/…`, `picamera`, `picamera:1`, `rtsp://…`, `http://…`.
        options: how it is read.
        frames_per_second: rate to ask a camera of this machine for.

    Raises:
        SourceError: it is not there, and `patient` is not set; or the scheme is not known.
        SettingsError: a rate is given for a stream, or this machine cannot read such a source.
    """
    number = re.fullmatch(r"(?:/dev/video)?(\d+)", text)
    picamera = re.fullmatch(r"picamera(?::(\d+))?", text)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", text)
    if number:
        return _open_camera(devices.DEVICES / f"video{number[1]}", options, frames_per_second)
    if text.startswith("/dev/"):
        return _open_camera(Path(text), options, frames_per_second)
    if picamera:
        request = Request(picamera[1] or "0", "picamera", frames_per_second)
        return _connect(text, request, options)
    if scheme:
        _check_scheme(text, scheme[1].lower())
        refuse_rate(without_password(text), frames_per_second)
        return _connect(f"stream {without_password(text)}", Request(text), options)
    return None


def _check_scheme(address: str, scheme: str) -> None:
    if scheme not in STREAMS:
        raise SourceError(
            f"{without_password(address)} has a scheme that is not known: "
            f"wanted is one of {', '.join(STREAMS)}"
        )


def _open_camera(
    device: Path, options: LiveOptions, frames_per_second: float | None
) -> LiveSource | ReconnectingSource:
    request = Request(str(device), "v4l2", frames_per_second)
    try:
        return _connect(f"camera {devices.described(device)}", request, options)
    except SourceError as error:
        raise SourceError(f"{error}: {devices.existing_cameras()}") from error


def _connect(name: str, request: Request, options: LiveOptions) -> LiveSource | ReconnectingSource:
    request = replace(request, most_per_second=options.most_per_second, widest=options.widest)
    # The first attempt tells at once why it failed.
    attempts = chain([request], repeat(replace(request, retry_for=RETRY_FOR)))
    first = None
    if not options.patient:
        first = _start(name, next(attempts), options)
        first.open()
        if not options.reconnect:
            return first
    return ReconnectingSource(
        name, lambda: _start(name, next(attempts), options), options.watcher, first
    )


def _start(name: str, request: Request, options: LiveOptions) -> LiveSource:
    if request.kind == "v4l2":
        devices.find_camera(Path(request.address))
    return LiveSource(name, request, options.patience)


def refuse_rate(name: str, frames_per_second: float | None) -> None:
    """Raises `SettingsError` if a rate is given for what has its own."""
    if frames_per_second is not None:
        raise SettingsError(f"{name} has its own frame rate: --fps is for recordings and cameras")
