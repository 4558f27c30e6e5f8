"""The outbox on disks that are full or turn read-only; the broker is there all the while."""

from __future__ import annotations

import json
import logging
import os
import runpy
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ocrgan_edge.alerts import outbox as outbox_module
from ocrgan_edge.alerts import outbox_disk
from ocrgan_edge.alerts.broker import parse_broker
from ocrgan_edge.alerts.event import Event
from ocrgan_edge.alerts.mqtt_publisher import MqttPublisher
from ocrgan_edge.alerts.outbox import Outbox
from ocrgan_edge.alerts.topics import Topics

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow]
Make = Callable[..., Any]


step: Callable[..., Event] = runpy.run_path(str(Path(__file__).parent / "outbox" / "driver.py"))[
    "step"
]


def run(*command: object) -> bool:
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Gives a file system of its own, or skips where that is not allowed."""
    mounted: list[Path] = []

    def make(*options: object) -> Path:
        folder = tmp_path / "disk"
        folder.mkdir()
        if not run("mount", *options, folder):
            assert "CI" not in os.environ, "CI must be able to mount a file system"
            pytest.skip("no file system can be mounted (needs root)")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        assert run("umount", "-l", folder)


@contextmanager
def publishing(url: str, folder: Path) -> Iterator[MqttPublisher]:
    outbox = Outbox(folder / "outbox.sqlite", "attic")
    publisher = MqttPublisher(parse_broker(url, {}), Topics("ocrgan", "attic"), outbox, pytest.fail)
    yield publisher
    publisher.close()


def wait_until(true: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


def raise_alerts(publisher: MqttPublisher, listener: Any, count: int) -> None:
    """Raises alerts one after the other; each comes while the disk is as it is."""
    for _ in range(count):
        had = len(listener.on("events"))
        publisher.publish_event(step("end", f"e{had}"))
        wait_until(lambda had=had: len(listener.on("events")) > had)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.endswith("outbox_disk")]


def test_on_a_full_disk_alerts_go_out_from_memory_until_there_is_room_again(
    make_mosquitto: Make,
    listen: Make,
    mount: Callable[..., Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = mount("-t", "tmpfs", "-o", "size=1m", "none")
    broker = make_mosquitto("allow_anonymous true")
    listener = listen(broker.port)
    with publishing(broker.url, disk) as publisher:
        raise_alerts(publisher, listener, 3)
        fill(disk / "filling")
        wait_until(lambda: raise_alerts(publisher, listener, 5) or publisher.stats().failed_writes)
        raise_alerts(publisher, listener, 20)
        assert publisher.stats().dropped == 0
        (disk / "filling").unlink()
        time.sleep(outbox_disk.RETRY_SECONDS)
        raise_alerts(publisher, listener, 3)
        assert publisher.wait_until_safe(5)
    numbers = [json.loads(text)["seq"] for text in listener.on("events")]
    assert numbers == list(range(1, len(numbers) + 1))
    refused, recovered = told(caplog)
    assert f"outbox {disk}/outbox.sqlite cannot be written (database or disk is full)" in refused
    assert "can be written again" in recovered
    again = Outbox(disk / "outbox.sqlite", "attic")
    again.open()
    assert again.take() is None, "all had been acknowledged"
    again.close()


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filling, suppress(OSError):
        while True:
            filling.write(bytes(4096))


def test_on_a_full_disk_without_a_broker_memory_is_bounded_and_losses_are_counted(
    mount: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox_disk, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(outbox_module, "UNWRITTEN", 50)
    disk = mount("-t", "tmpfs", "-o", "size=1m", "none")
    outbox = Outbox(disk / "outbox.sqlite", "attic")
    outbox.open()
    fill(disk / "filling")
    for number in range(200):
        outbox.add(step("new" if number % 2 else "update", f"e{number}"))
        outbox.commit()
    kept = outbox.stats.depth
    assert outbox.stats.dropped == 200 - kept
    assert 50 <= kept < 150
    assert len(told(caplog)) == 1
    (disk / "filling").unlink()
    outbox.commit()
    outbox.close()
    again = Outbox(disk / "outbox.sqlite", "attic")
    again.open()
    assert len(again) >= kept  # and the ends of the events that this start interrupts
    assert again.stats.dropped == 200 - kept
    again.close()


def test_a_disk_that_turns_read_only_is_told_once_and_costs_no_alert(
    make_mosquitto: Make,
    listen: Make,
    mount: Callable[..., Path],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(16_000_000))
    if not run("mkfs.ext4", "-q", image):
        assert "CI" not in os.environ, "CI must install e2fsprogs"
        pytest.skip("mkfs.ext4 is not installed")
    disk = mount("-o", "loop", image)
    broker = make_mosquitto("allow_anonymous true")
    listener = listen(broker.port)
    with publishing(broker.url, disk) as publisher:
        raise_alerts(publisher, listener, 3)
        assert run("mount", "-o", "remount,abort", disk)  # as the kernel does after an I/O error
        raise_alerts(publisher, listener, 10)
        assert publisher.stats().failed_writes == 10
    numbers = [json.loads(text)["seq"] for text in listener.on("events")]
    assert numbers == list(range(1, 14))
    (said,) = told(caplog)
    assert "scoring goes on, alerts go out from memory" in said
    assert "set aside" not in said


def test_a_disk_that_is_read_only_at_the_start_is_used_once_it_can_be_written(
    make_mosquitto: Make,
    listen: Make,
    mount: Callable[..., Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = mount("-t", "tmpfs", "-o", "size=1m", "none")
    earlier = Outbox(disk / "outbox.sqlite", "attic")
    earlier.open()
    earlier.add(step("end", "earlier"))
    earlier.close()
    assert run("mount", "-o", "remount,ro", disk)
    broker = make_mosquitto("allow_anonymous true")
    listener = listen(broker.port)
    with caplog.at_level(logging.WARNING), publishing(broker.url, disk) as publisher:
        raise_alerts(publisher, listener, 3)
        assert "earlier" not in str(listener.on("events"))
        assert run("mount", "-o", "remount,rw", disk)
        listener.wait_for("events", "earlier")
        publisher.publish_event(step("end", "later"))
        listener.wait_for("events", "later")
        assert publisher.wait_until_safe(5)
    assert len(told(caplog)) == 2
