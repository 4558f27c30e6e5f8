"""What a device lives in: heat, power, disk, time, and the software on it."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from ocrgan_edge.clock import clock_synced
from ocrgan_edge.doctor.finding import Data, Finding, State
from ocrgan_edge.service.machine import temperature, versions

HOT = 80.0
"""Degrees Celsius at which a Raspberry Pi begins to slow down (its documentation)."""
PLATFORM = Path("/sys/devices/platform")
THROTTLED = "soc*/soc*:firmware/get_throttled"
"""Below `PLATFORM`; the chip's name has an address on newer boards. Where the kernel leaves the
file out, nothing is known and no line is told."""
TROUBLES = ("under-voltage", "capped clock rate", "throttled", "temperature limit")
"""Bits 0 … 3 by now, 16 … 19 since the start (Raspberry Pi documentation, `get_throttled`)."""
LITTLE, TOO_LITTLE = 500 << 20, 50 << 20
"""Bytes of free disk: evidence is given up below the first, the outbox needs the second."""


def check_temperature(degrees: float | None) -> Finding:
    """The processor's; see `service.machine.temperature`."""
    data: Data = {"celsius": degrees}
    if degrees is None:
        return _finding("temperature", "ok", "there is no sensor", None, data)
    value = f"{degrees:.0f} °C"
    if degrees < HOT:
        return _finding("temperature", "ok", value, None, data)
    advice = "cool it: at 80 °C small computers begin to slow down"
    return _finding("temperature", "warning", value, advice, data)


def check_throttling(platform_folder: Path = PLATFORM) -> Finding | None:
    """What the firmware of a Raspberry Pi tells of power and heat; None on other computers."""
    try:
        bits = int(next(platform_folder.glob(THROTTLED)).read_text(), 16)
    except (StopIteration, OSError, ValueError):
        return None
    now = [name for bit, name in enumerate(TROUBLES) if bits >> bit & 1]
    before = [name for bit, name in enumerate(TROUBLES, 16) if bits >> bit & 1]
    data: Data = {"now": now, "since_start": before}
    advice = "use the power supply made for this board and cool it"
    if now:
        return _finding("throttling", "failed", f"now: {', '.join(now)}", advice, data)
    if before:
        since = f"since the start: {', '.join(before)}"
        return _finding("throttling", "warning", since, advice, data)
    return _finding("throttling", "ok", "none since the start", None, data)


def check_disk(state_folder: Path | None) -> Finding:
    """Whether the state folder can be written to, and how much is free there."""
    if state_folder is None:
        value = "no state folder: nothing is kept on disk"
        return _finding("disk", "ok", value, None, {"free_bytes": None})
    # `Path.exists` raises where a folder above may not be looked into.
    paths = (state_folder, *state_folder.absolute().parents)
    there = next(path for path in paths if os.path.exists(path))
    free = shutil.disk_usage(there).free
    value = f"{free >> 20} MB are free in {state_folder}"
    data: Data = {"free_bytes": free, "folder": str(state_folder)}
    if not os.access(there, os.W_OK):
        advice = f"let user {_user()} write there, or name another state_folder"
        return _finding("disk", "failed", f"{there} cannot be written to", advice, data)
    if free < TOO_LITTLE:
        return _finding("disk", "failed", value, "remove something: alerts could be lost", data)
    if free < LITTLE:
        advice = "remove something: no evidence is kept while less than 500 MB are free"
        return _finding("disk", "warning", value, advice, data)
    return _finding("disk", "ok", value, None, data)


def check_clock(synced: bool | None = None) -> Finding:
    """Whether times in alerts can be believed."""
    synced = clock_synced() if synced is None else synced
    data: Data = {"synchronised": synced}
    if synced:
        return _finding("clock", "ok", "synchronised", None, data)
    advice = "switch on time synchronisation (timedatectl set-ntp true); alerts say so meanwhile"
    return _finding(
        "clock", "warning", "not synchronised, or the kernel does not tell", advice, data
    )


def check_software() -> Finding:
    """Versions of Python, the C library and the wheels that decide what comes out."""
    library = " ".join(part for part in platform.libc_ver() if part)
    found = {**versions(), "libc": library or "unknown"}
    value = ", ".join(f"{name} {version}" for name, version in found.items())
    if "glibc" not in library:
        advice = "use a system with glibc (Debian, Raspberry Pi OS): the wheels are made for it"
        return _finding("software", "warning", value, advice, found)
    return _finding("software", "ok", value, None, found)


def hottest() -> float | None:
    """Degrees of the processor by now."""
    return temperature()


def _user() -> str:
    return str(os.getuid())


def _finding(name: str, state: State, value: str, advice: str | None, data: Data) -> Finding:
    return Finding(about="device", name=name, state=state, value=value, advice=advice, data=data)
