"""The computer: processor, cores, clock rate, memory."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from ocrgan_edge.doctor.finding import Data, Finding, State
from ocrgan_edge.runtime.graph import default_threads
from ocrgan_edge.runtime.processor import Processor
from ocrgan_edge.service.machine import board

TOLD = (
    "avx2",
    "avx_vnni",
    "avx512_vnni",
    "amx_int8",
    "asimd",
    "asimddp",
    "i8mm",
    "sve",
)
"""Features that decide the speed (Linux: arch/x86/include/asm/cpufeatures.h, hwcaps of arm64)."""
DOT_PRODUCT = ("avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm")
VECTORS = ("avx2", "asimd")
LEAST_MEMORY = 300 << 20
"""Bytes: a daemon with one camera takes up to 250 MB."""
CGROUP = Path("/sys/fs/cgroup")
CPUFREQ = Path("/sys/devices/system/cpu/cpu0/cpufreq")
SLOW_GOVERNORS = ("powersave", "conservative")
CLIMBING_DRIVERS = ("intel_pstate", "amd-pstate", "amd-pstate-epp")
"""With them `powersave` raises the clock as well (kernel: admin-guide/pm/intel_pstate)."""


def check_processor(processor: Processor) -> Finding:
    """Its name and what it has for 8-bit integers."""
    features = [name for name in TOLD if name in processor.features]
    named = f"{board() or processor.model} ({platform.machine()}): {', '.join(features) or 'none'}"
    data: Data = {"model": processor.model, "machine": platform.machine(), "features": features}
    if not any(name in features for name in VECTORS):
        advice = "no avx2 or asimd: expect a few windows a second, or take a newer processor"
        return _device("processor", "warning", named, advice, data)
    if not any(name in features for name in DOT_PRODUCT):
        named += "; no dot products of 8-bit numbers, so INT8 gains less here"
    return _device("processor", "ok", named, None, data)


def check_cores(cgroup: Path = CGROUP, own: Path = Path("/proc/self/cgroup")) -> Finding:
    """Processors that this process may use, and how much of them a container gets."""
    allowed, quota = len(os.sched_getaffinity(0)), cpu_quota(cgroup, own)
    threads = default_threads()
    data: Data = {"cores": os.cpu_count(), "allowed": allowed, "quota": quota, "threads": threads}
    value = f"{allowed} of {os.cpu_count()} cores, {threads} threads score by default"
    if quota is None:
        return _device("cores", "ok", value, None, data)
    value += f", the container gets {quota:g}"
    if quota >= min(allowed, threads):
        return _device("cores", "ok", value, None, data)
    advice = f"give the container more, or set threads = {max(1, int(quota))}"
    return _device("cores", "warning", value, advice, data)


def cpu_quota(cgroup: Path = CGROUP, own: Path = Path("/proc/self/cgroup")) -> float | None:
    """Processors that a container may use at most, in the tightest group around it; None: all.

    Source: the kernel's admin-guide/cgroup-v2, `cpu.max`.
    """
    inside = ""
    try:
        # `0::/path` is the line of cgroup v2.
        lines = own.read_text().splitlines()
        inside = next(line[3:] for line in lines if line.startswith("0::"))
    except (OSError, StopIteration):
        pass
    folder = cgroup / inside.strip("/")
    quotas = []
    for group in (folder, *folder.parents):
        quota = _quota(group / "cpu.max")
        if quota is not None:
            quotas.append(quota)
        if group == cgroup:
            break
    return min(quotas, default=None)


def _quota(file: Path) -> float | None:
    try:
        most, period = file.read_text().split()
        return None if most == "max" else int(most) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def check_clock_rate(cpufreq: Path = CPUFREQ) -> Finding:
    """The governor, and how fast the first core runs just now."""
    governor, driver = _word(cpufreq / "scaling_governor"), _word(cpufreq / "scaling_driver")
    rates = [_word(cpufreq / name) for name in ("scaling_cur_freq", "cpuinfo_max_freq")]
    now, most = (int(rate) / 1000 if rate and rate.isdigit() else None for rate in rates)
    data: Data = {"governor": governor, "megahertz": now, "most_megahertz": most}
    if governor is None:
        return _device("clock_rate", "ok", "the system does not tell", None, data)
    value = f"governor {governor}" + (f", {now:.0f} MHz" if now else "")
    value += f" of {most:.0f}" if now and most else ""
    if governor in SLOW_GOVERNORS and driver not in CLIMBING_DRIVERS:
        advice = "set the governor to schedutil or ondemand (cpupower frequency-set -g schedutil)"
        return _device("clock_rate", "warning", value, advice, data)
    return _device("clock_rate", "ok", value, None, data)


def check_memory(meminfo: Path = Path("/proc/meminfo")) -> Finding:
    """What is free for a daemon. Source: proc(5), meminfo."""
    sizes: dict[str, int] = {}
    try:
        for line in meminfo.read_text().splitlines():
            key, _, value = line.partition(":")
            sizes[key] = int(value.split()[0]) << 10
    except (OSError, ValueError, IndexError):
        sizes = {}
    free, total = sizes.get("MemAvailable"), sizes.get("MemTotal")
    data: Data = {"available_bytes": free, "total_bytes": total}
    if free is None or total is None:
        return _device("memory", "ok", "the system does not tell", None, data)
    value = f"{free >> 20} of {total >> 20} MB are free"
    if free < LEAST_MEMORY:
        advice = "end other programs: a daemon with one camera takes up to 250 MB"
        return _device("memory", "warning", value, advice, data)
    return _device("memory", "ok", value, None, data)


def _word(file: Path) -> str | None:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None


def _device(name: str, state: State, value: str, advice: str | None, data: Data) -> Finding:
    return Finding(about="device", name=name, state=state, value=value, advice=advice, data=data)
