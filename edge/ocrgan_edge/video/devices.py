"""Cameras of this machine, as the kernel names them."""

from __future__ import annotations

import stat
from pathlib import Path

from ocrgan_edge.errors import SourceError

DEVICES = Path("/dev")
DEVICE_NAMES = Path("/sys/class/video4linux")


def find_camera(device: Path) -> Path:
    """The device itself, once it is clear that one is there.

    Raises:
        SourceError: nothing is there, or it is no device.
    """
    try:
        mode = device.stat().st_mode
    except OSError:
        raise SourceError(f"there is no camera {described(device)}") from None
    if not stat.S_ISCHR(mode):
        raise SourceError(f"camera {described(device)} cannot be opened: it is no device")
    return device


def described(device: Path) -> str:
    """`3 (/dev/video3)` of a numbered camera, the path of others."""
    number = device.name.removeprefix("video")
    return f"{number} ({device})" if number.isdecimal() else str(device)


def existing_cameras() -> str:
    """One part of a sentence that lists the cameras with their names."""
    devices = sorted(DEVICES.glob("video[0-9]*"), key=lambda path: int(path.name[5:]))
    if not devices:
        return "this machine has no cameras"
    return "this machine has " + ", ".join(_with_name(path) for path in devices)


def _with_name(device: Path) -> str:
    number = device.name.removeprefix("video")
    try:
        return f"{number} ({(DEVICE_NAMES / device.name / 'name').read_text().strip()})"
    except OSError:
        return number
