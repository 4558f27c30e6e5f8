"""The wall clock is stepped, by libfaketime, under the real daemon and the real watchdog."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

LONG = os.environ.get("OCRGAN_FAULTS") == "long"
HOUR = 3600
TO_1970 = -int(time.time()) + 100
STEPS = {"+1h": HOUR, "-1h": -HOUR, "to 1970": TO_1970}


# libfaketime 0.9.10 fails clock_nanosleep until an absolute time: how Python sleeps from 3.11 on.
OTHER_SLEEP = """
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""


class SteppedClock:
    """An offset from true time, in seconds, for processes that run with `environment`."""

    def __init__(self, folder: Path) -> None:
        found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not found:
            assert "CI" not in os.environ, "CI must install faketime: nothing is skipped there"
            pytest.skip("libfaketime is not installed (Debian: apt-get install faketime)")
        self._file = folder / "offset"
        self.step(0)
        self.environment = os.environ | {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": str(folder),
        }
        (folder / "sitecustomize.py").write_text(OTHER_SLEEP)

    def step(self, offset: int) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{offset:+d}\n")
        fresh.rename(self._file)


@pytest.fixture
def clock(tmp_path: Path) -> SteppedClock:
    return SteppedClock(tmp_path)


@contextmanager
def daemon(clock: SteppedClock, video: Path, bundle: Path) -> Iterator[subprocess.Popen[str]]:
    command = [Path(sys.executable).with_name("ocrgan-edge"), "--camera", video, "--realtime"]
    command += ["--bundle", bundle, "--target", "onnx-fp32", "--node", "attic", "--name", "door"]
    with subprocess.Popen(
        [str(part) for part in command],
        env=clock.environment | {"WATCHDOG_USEC": "1000000"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def next_event(process: subprocess.Popen[str], kind: str) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        event: dict[str, Any] = json.loads(line)
        if event["type"] == kind:
            return event
    raise AssertionError(f"the daemon ended without {kind}: {process.communicate()[1]}")


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_an_event_is_as_long_as_it_was_whatever_the_clock_did_meanwhile(
    step: int, clock: SteppedClock, write_video: Callable[..., Path], tiny_bundle: Path
) -> None:
    video = write_video(7, moves_from=2, moves_to=4.5)
    with daemon(clock, video, tiny_bundle) as process:
        told = next_event(process, "new")["after"]
        clock.step(step)
        after = next_event(process, "end")["after"]
        said = process.communicate(timeout=20)[1]
    assert (process.returncode, "hangs" in said) == (0, False)
    start, end = datetime.fromisoformat(after["start"]), datetime.fromisoformat(after["end"])
    assert start == datetime.fromisoformat(told["start"])
    assert (end - start).total_seconds() == pytest.approx(after["duration"], abs=0.01)
    assert 2 < after["duration"] < 5
    assert after["media_end"] - after["media_start"] == pytest.approx(after["duration"], abs=0.01)


@pytest.mark.slow
def test_the_event_after_a_step_is_told_with_the_new_time(
    clock: SteppedClock, write_video: Callable[..., Path], tiny_bundle: Path
) -> None:
    video = write_video(5, moves_from=3, moves_to=4.5)
    began = time.time()
    with daemon(clock, video, tiny_bundle) as process:
        assert process.stderr is not None
        assert process.stderr.readline()
        clock.step(HOUR)
        start = datetime.fromisoformat(next_event(process, "new")["after"]["start"]).timestamp()
    assert began + HOUR < start < time.time() + HOUR


WATCHED = """
import os, sys, time
from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.systemd import Notifier
from ocrgan_edge.service.watchdog import Watchdog
progress = Progress()
progress.expect("camera door", within=1.0)
notifier = Notifier.of(os.environ)
with Watchdog(progress, notifier, limit=0.5):
    while not os.path.exists(sys.argv[1]):
        progress.made("camera door")
        notifier.status(f"{time.time():.0f}")
        time.sleep(0.05)
"""


@pytest.mark.slow
def test_steps_of_the_clock_never_keep_the_watchdog_from_being_fed(
    clock: SteppedClock, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        environment = clock.environment | {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        command = [sys.executable, "-c", WATCHED, str(tmp_path / "enough")]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
            hear(manager, 10, "WATCHDOG=1")
            for step in [HOUR, -HOUR, TO_1970, 0] * (20 if LONG else 1):
                clock.step(step)
                hear(manager, 1, f"STATUS={str(int(time.time()) + step)[:-2]}")
                for _ in range(2):
                    hear(manager, 0.5, "WATCHDOG=1")
            (tmp_path / "enough").touch()
            said = process.communicate(timeout=10)[1]
    assert (process.returncode, said) == (0, b"")


def hear(manager: socket.socket, seconds: float, wanted: str) -> None:
    """Waits for a datagram that begins so."""
    end = time.monotonic() + seconds
    while select.select([manager], [], [], max(end - time.monotonic(), 0))[0]:
        if manager.recv(4096).decode().startswith(wanted):
            return
    raise AssertionError(f"no {wanted} within {seconds} s")
