"""What of a daemon could grow, looked at from outside."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import psutil


def take_samples(
    minutes: float, every: float, look: Callable[[], dict[str, Any]]
) -> list[dict[str, Any]]:
    """What `look` sees every so many seconds, and `at` which second."""
    began, samples = time.monotonic(), list[dict[str, Any]]()
    while (now := time.monotonic() - began) < minutes * 60:
        samples.append({"at": round(now, 1), **look()})
        due = (int(now / every) + 1) * every
        time.sleep(max(due - (time.monotonic() - began), 0.1))
    return samples


def wait_until_healthy(metrics: str) -> None:
    """Waits until the daemon has started."""
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://{metrics}/healthz", timeout=20).close()
        except OSError:
            assert time.monotonic() < end, "the daemon does not start"
            time.sleep(0.5)
        else:
            return


def sample(pid: int, metrics: str, stats: dict[str, Any]) -> dict[str, Any]:
    """Everything that could grow."""
    process = psutil.Process(pid)
    children = [rss_of(child) for child in process.children(recursive=True)]
    cameras = [camera for camera in stats.get("cameras", {}).values() if camera["latency_p50"]]
    pages = urllib.request.urlopen(f"http://{metrics}/metrics", timeout=20).read().decode()
    health = json.load(urllib.request.urlopen(f"http://{metrics}/healthz", timeout=20))
    return {
        "rss": process.memory_info().rss,
        "children_rss": sum(children),
        "children": len(children),
        "descriptors": process.num_fds(),
        "threads": process.num_threads(),
        "latency_p50": max((camera["latency_p50"] for camera in cameras), default=None),
        "latency_p95": max((camera["latency_p95"] for camera in cameras), default=None),
        "age_max": max((camera["age_max"] for camera in cameras), default=None),
        "hop": max((camera["hop"] for camera in cameras), default=None),
        "windows": total(pages, "ocrgan_graph_latency_seconds_count"),
        "cpu_seconds": sum(process.cpu_times()[:2]),
        "outbox": stats.get("outbox", {}).get("depth"),
        "healthy": health["status"] == "ok",
        "load": psutil.getloadavg()[0],
    }


def rss_of(child: psutil.Process) -> int:
    try:
        return int(child.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def total(pages: str, name: str) -> float:
    lines = (line for line in pages.splitlines() if line.startswith(name))
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
