"""The daemon's outbox and publisher, killed at random moments. OCRGAN_FAULTS=long: 100 kills."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow, pytest.mark.timeout(1200)]
KILLS, ALERTS = (100, 10_000) if os.environ.get("OCRGAN_FAULTS") == "long" else (10, 1_000)
DRIVER = Path(__file__).parent / "outbox" / "driver.py"
# The broker must not throw away what our listener is too slow for.
PATIENT = "allow_anonymous true\nmax_queued_messages 0"


def drive(url: str, folder: Path, until: int, pace: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(DRIVER), url, str(folder), str(until), str(pace)]
    return subprocess.Popen(command)


def killed_drivers(url: str, folder: Path, kills: int, pace: float) -> None:
    """Lets drivers raise alerts, each until it is killed at a random moment of its life."""
    ledger = folder / "ledger"
    ledger.touch()
    for _ in range(kills):
        before = ledger.stat().st_size
        driver = drive(url, folder, 0, pace)
        if random.random() < 0.9:  # the others are killed while they start
            while ledger.stat().st_size == before:
                assert driver.poll() is None
                time.sleep(0.005)
        time.sleep(random.uniform(0, 1.2))
        driver.kill()
        driver.wait()


def check(payloads: list[str], ledger: Path, most_duplicates: int) -> dict[str, Any]:
    """All that was on disk has come, in order, in one row without gaps."""
    messages = [json.loads(payload) for payload in payloads]
    first = {message["seq"]: message for message in reversed(messages)}
    copies = Counter(message["seq"] for message in messages)
    assert sorted(first) == list(range(1, len(first) + 1)), "gaps in seq"
    assert list(dict.fromkeys(message["seq"] for message in messages)) == sorted(first), "order"
    assert all(message == first[message["seq"]] for message in messages), "duplicates differ"
    arrived = Counter((message["event_id"], message["type"]) for message in first.values())
    on_disk = Counter(tuple(line.split()) for line in ledger.read_text().splitlines())
    lost = on_disk - arrived
    assert not lost
    lives = defaultdict(list)
    for message in sorted(first.values(), key=lambda message: message["seq"]):
        lives[message["event_id"]].append(message)
    for life in lives.values():
        types = [message["type"] for message in life]
        assert types == ["new", *["update"] * (len(types) - 2), "end"]
        assert all(then["after"] and now["before"] for then, now in pairwise(life))
    duplicates = copies.total() - len(copies)
    assert duplicates <= most_duplicates
    interrupted = [life for life in lives.values() if life[-1]["after"]["end_reason"]]
    figures = {"sent": len(first), "on disk": on_disk.total(), "duplicates": duplicates}
    return figures | {"events": len(lives), "interrupted": len(interrupted)}


def test_no_alert_is_lost_by_a_daemon_that_is_killed_again_and_again(
    make_mosquitto: Callable[[str], Any], listen: Callable[[int], Any], tmp_path: Path
) -> None:
    broker = make_mosquitto(PATIENT)
    listener = listen(broker.port)
    began = time.monotonic()
    killed_drivers(broker.url, tmp_path, KILLS, pace=200)
    last = drive(broker.url, tmp_path, ALERTS, pace=200)
    assert last.wait(300) == 0
    listener.wait_for("available", "stopped")
    figures = check(listener.on("events"), tmp_path / "ledger", most_duplicates=KILLS)
    assert figures["on disk"] >= ALERTS
    print(KILLS, "kills:", figures, f"{time.monotonic() - began:.0f} s")
