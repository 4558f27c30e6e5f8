"""More cameras than the processor can serve: nobody queues up, and all suffer alike."""

from __future__ import annotations

import json
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from ocrgan_edge.service import daemon

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow, pytest.mark.timeout(900)]
SECONDS = 120 if os.environ.get("OCRGAN_FAULTS") == "long" else 6
DEMO = daemon.__file__.replace("daemon.py", "demo_bundle.ocrgan")
HOPS = {"door": 1, "yard": 1, "shed": 2, "gate": 2}
FRAME = 0.1
"""Seconds between two frames of the demo's model."""
STOPPED, RUNNING = 0.04, 0.01


@contextmanager
def slowed_down(process: psutil.Process) -> Iterator[None]:
    """Lets it run a fifth of the time only, on a machine however fast."""
    over = threading.Event()

    def meddle() -> None:
        while not over.wait(RUNNING):
            process.suspend()
            over.wait(STOPPED)
            process.resume()

    meddler = threading.Thread(target=meddle)
    meddler.start()
    try:
        yield
    finally:
        over.set()
        meddler.join()


def test_with_too_little_time_hops_widen_alike_and_scores_do_not_grow_old(
    house: Any, play: Callable[..., dict[str, Any]]
) -> None:
    room = play("room", 10, 0, 0) | {"bundle": DEMO, "target": "onnx-int8"}
    house.settle(top="threads = 1", **{name: room | {"hop": hop} for name, hop in HOPS.items()})
    house.start()
    house.wait_until(lambda: all(house.scores(name) for name in HOPS), what="all are scored")
    with slowed_down(house.process):
        time.sleep(2)
        memory, heard = house.process.memory_info().rss, len(house.told("stats"))
        time.sleep(SECONDS)
        grown = house.process.memory_info().rss - memory
    rows = [json.loads(text)["cameras"] for text in house.told("stats")[heard:]]
    wider = {name: mean_hop([row[name] for row in rows]) / hop for name, hop in HOPS.items()}
    oldest = max(row[name]["age_max"] or 0 for row in rows for name in HOPS)
    slowest = max(row[name]["latency_p99"] or 0 for row in rows for name in HOPS)
    rates = [row[name]["frames_per_second"] for row in rows for name in HOPS]
    print(
        f"hops wider by {wider}, age {oldest:.2f} s, latency {slowest:.2f} s, {grown / 1e6:.0f} MB"
    )
    assert min(wider.values()) > 1.5, "there was time enough"
    assert max(wider.values()) < 1.25 * min(wider.values())
    assert all(rows[-1][name]["windows_skipped"] > 0 for name in HOPS)
    assert oldest < slowest + FRAME + 0.3
    assert statistics.mean(rates) == pytest.approx(10, rel=0.1), "frames come as they did"
    assert grown < 50e6
    assert house.stop() == 0


def mean_hop(rows: list[dict[str, Any]]) -> float:
    """Frames between two scored windows, over all of these stats."""
    windows = sum(row["windows_per_second"] for row in rows)
    return float(sum(row["hop"] * row["windows_per_second"] for row in rows) / windows)


def test_a_camera_that_ends_is_told_and_leaves_the_others_alone(
    house: Any, play: Callable[..., dict[str, Any]]
) -> None:
    house.settle(door=play("door", 60, 0, 0), yard=play("yard", 2, 0, 0) | {"loop": False})
    house.start()
    status = house.wait_for("yard/status", lambda status: status["reason"] == "stopped")
    assert status["status"] == "offline"
    house.goes_on_scoring("door")
    assert house.stop() == 0
