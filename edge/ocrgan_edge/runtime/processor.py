"""Which processor this is and what it can do, as the kernel tells."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
NAMES = ("model name", "Model", "Hardware", "Processor")
"""Keys that name the processor, the best one first; ARM kernels know none or a board's."""
PARTS = ("CPU implementer", "CPU part", "CPU variant", "CPU revision")
"""What tells ARM's processors apart (Arm Architecture Reference Manual, MIDR_EL1)."""


@dataclass(frozen=True, slots=True)
class Processor:
    """A kind of processor."""

    model: str
    features: frozenset[str]
    """As the kernel calls them: `avx2`, `avx512_vnni`, `asimddp` …"""


def read_processor(cpuinfo: Path = CPUINFO) -> Processor:
    """The first processor of this machine; what cannot be read is left out."""
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    about: dict[str, str] = {}
    for line in lines:
        key, _, value = line.partition(":")
        about.setdefault(key.strip(), value.strip())
    named = [about[key] for key in NAMES if about.get(key)][:1]
    parts = [f"{key.removeprefix('CPU ')} {about[key]}" for key in PARTS if key in about]
    model = ", ".join([*named, *parts]) or platform.machine()
    return Processor(model, frozenset((about.get("flags") or about.get("Features", "")).split()))
