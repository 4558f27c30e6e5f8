import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.systemd import Notifier
from ocrgan_edge.service.watchdog import Watchdog


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        yield heard


@pytest.fixture
def notifier(manager: socket.socket) -> Notifier:
    return Notifier(manager.getsockname())


def heard_within(manager: socket.socket, seconds: float) -> list[str]:
    end, heard = time.monotonic() + seconds, []
    while (left := end - time.monotonic()) > 0:
        manager.settimeout(left)
        try:
            heard.append(manager.recv(4096).decode())
        except TimeoutError:
            break
    return heard


def test_it_is_fed_twice_within_systemd_s_limit(manager: socket.socket, notifier: Notifier) -> None:
    with Watchdog(Progress(), notifier, limit=0.2):
        heard = heard_within(manager, 0.6)
    assert set(heard) == {"WATCHDOG=1"}
    assert 6 <= len(heard) <= 9


def test_a_hanging_part_leaves_it_unfed_until_it_gets_on(
    manager: socket.socket, notifier: Notifier, capfd: pytest.CaptureFixture[str]
) -> None:
    progress = Progress()
    progress.expect("worker 1", within=0.1)
    with Watchdog(progress, notifier, limit=0.1):
        heard_within(manager, 0.3)
        assert "WATCHDOG=1" not in heard_within(manager, 0.2)
        progress.rest("worker 1")
        assert "WATCHDOG=1" in heard_within(manager, 0.3)


def test_what_hangs_is_said_once_with_all_stacks(
    manager: socket.socket,
    notifier: Notifier,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    progress = Progress()
    progress.expect("worker 1", within=0.05)
    with Watchdog(progress, notifier, limit=0.05), caplog.at_level(logging.WARNING):
        heard = heard_within(manager, 0.3)
        progress.rest("worker 1")
        heard += heard_within(manager, 0.1)
    assert "STATUS=Hanging: worker 1" in heard
    assert "STATUS=All parts get on again" in heard
    assert [record.getMessage() for record in caplog.records] == [
        "worker 1 hangs: no progress for 0 s",
        "worker 1 gets on again",
    ]
    assert "test_watchdog.py" in capfd.readouterr().err
