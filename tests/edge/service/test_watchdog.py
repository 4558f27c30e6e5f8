import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.systemd import Notifier
from ocrgan_edge.service.watchdog import Watchdog

ALIVE = "WATCHDOG=1"


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        yield heard


@pytest.fixture
def notifier(manager: socket.socket) -> Notifier:
    return Notifier(manager.getsockname())


def hears(manager: socket.socket, word: str) -> list[str]:
    """All that is said until this word has come."""
    manager.settimeout(30)
    heard = [manager.recv(4096).decode()]
    while heard[-1] != word:
        heard.append(manager.recv(4096).decode())
    return heard


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
    start = time.monotonic()
    with Watchdog(Progress(), notifier, limit=1.0):
        heard = [*hears(manager, ALIVE), *hears(manager, ALIVE), *hears(manager, ALIVE)]
        took = time.monotonic() - start
    assert heard == [ALIVE] * 3  # the first at once
    assert 0.79 < took < 2.0  # twice 1.0 / 2.5, on a busy machine a little more


def test_a_hanging_part_leaves_it_unfed_until_it_gets_on(
    manager: socket.socket, notifier: Notifier, capfd: pytest.CaptureFixture[str]
) -> None:
    progress = Progress()
    progress.expect("worker 1", within=0.1)
    with Watchdog(progress, notifier, limit=0.1):
        hears(manager, "STATUS=Hanging: worker 1")
        assert ALIVE not in heard_within(manager, 0.2)
        progress.rest("worker 1")
        hears(manager, ALIVE)


def test_what_hangs_is_said_once_with_all_stacks(
    manager: socket.socket,
    notifier: Notifier,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    progress = Progress()
    progress.expect("worker 1", within=0.05)
    with Watchdog(progress, notifier, limit=0.05), caplog.at_level(logging.WARNING):
        hears(manager, "STATUS=Hanging: worker 1")
        heard_within(manager, 0.2)  # it goes on hanging
        progress.rest("worker 1")
        hears(manager, "STATUS=All parts get on again")
    hangs, gets_on = (record.getMessage() for record in caplog.records)
    assert hangs.startswith("worker 1 hangs: no progress for ")
    assert gets_on == "worker 1 gets on again"
    assert "test_watchdog.py" in capfd.readouterr().err
