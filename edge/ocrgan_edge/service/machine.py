"""What the daemon asks the machine about itself: memory, temperature, versions."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PROC = Path("/proc")
_THERMAL = Path("/sys/class/thermal")
_PACKAGES = ("onnxruntime", "openvino", "opencv-python-headless", "av", "numpy", "paho-mqtt")
_PROCESSOR = ("cpu", "soc", "pkg", "core", "package")
"""How the thermal zones of processors are called: cpu-thermal, soc_thermal, x86_pkg_temp …"""


def rss_bytes(process: int | str = "self", proc: Path = _PROC) -> int:
    """Resident memory of a process, by default this one; 0 if it is gone. Source: proc(5), statm.

    Pages that are shared with other processes count in each.
    """
    try:
        pages = int((proc / str(process) / "statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def children_rss_bytes(proc: Path = _PROC) -> int:
    """Resident memory of the processes that this one has started, such as decoders."""
    return sum(rss_bytes(child, proc) for child in _children(proc))


def _children(proc: Path) -> Iterable[str]:
    # Each thread has a list of the processes that it started.
    for file in (proc / "self" / "task").glob("*/children"):
        try:
            yield from file.read_text().split()
        except OSError:
            continue


def temperature(thermal: Path = _THERMAL) -> float | None:
    """Degrees Celsius of the hottest zone of the processor, or of any zone if none is named so.

    None where there is no sensor, or none that tells between -40 and 150 degrees.
    """
    zones = [zone for zone in map(_zone, sorted(thermal.glob("thermal_zone*"))) if zone]
    processor = [degrees for kind, degrees in zones if any(word in kind for word in _PROCESSOR)]
    return max(processor or [degrees for _, degrees in zones], default=None)


def _zone(folder: Path) -> tuple[str, float] | None:
    try:
        kind = (folder / "type").read_text().strip().lower()
        degrees = int((folder / "temp").read_text()) / 1000
    except (OSError, ValueError):
        return None
    return (kind, degrees) if -40 < degrees < 150 else None


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that decide what comes out, if installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def board(device_tree: Path = Path("/sys/firmware/devicetree/base/model")) -> str | None:
    """The computer's name, such as `Raspberry Pi 5 Model B Rev 1.0`; None where it has none."""
    try:
        return device_tree.read_bytes().rstrip(b"\0").decode()
    except (OSError, UnicodeDecodeError):
        return None
