import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ocrgan_edge.service.systemd import Notifier, watchdog_seconds

Manager = Callable[[], str]


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Manager]]:
    """The address of a socket like systemd's, and what comes in there."""
    path, name = str(tmp_path / "notify"), f"ocrgan-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.settimeout(2)
        heard.bind(path if request.param == "path" else f"\0{name}")
        address = path if request.param == "path" else f"@{name}"
        yield address, lambda: heard.recv(4096).decode()


def test_each_state_is_one_datagram_of_assignments(manager: tuple[str, Manager]) -> None:
    address, hear = manager
    notifier = Notifier.of({"NOTIFY_SOCKET": address})
    notifier.ready("Watching 2 cameras")
    assert hear() == "READY=1\nSTATUS=Watching 2 cameras"
    notifier.status("one\nline")
    assert hear() == "STATUS=one line"
    notifier.alive()
    assert hear() == "WATCHDOG=1"
    notifier.stopping()
    assert hear() == "STOPPING=1\nSTATUS=Stopping"


def test_a_reload_tells_when_it_began(manager: tuple[str, Manager]) -> None:
    address, hear = manager
    before = time.monotonic_ns() // 1000
    Notifier.of({"NOTIFY_SOCKET": address}).reloading()
    reloading, _, moment = hear().partition("\n")
    assert reloading == "RELOADING=1"
    assert before <= int(moment.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2"}])
def test_nothing_is_said_where_nobody_listens(environment: dict[str, str]) -> None:
    notifier = Notifier.of(environment)
    notifier.ready("Watching")
    assert not notifier.heard


def test_a_manager_that_has_gone_does_no_harm(tmp_path: Path) -> None:
    Notifier(str(tmp_path / "gone")).alive()


def test_a_manager_that_does_not_read_is_not_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "notify"))
        notifier = Notifier(str(tmp_path / "notify"))
        began = time.monotonic()
        for _ in range(1000):
            notifier.alive()
        assert time.monotonic() - began < 1


def test_the_watchdog_s_limit_is_systemd_s() -> None:
    assert watchdog_seconds({"WATCHDOG_USEC": "30000000"}) == 30.0
    assert watchdog_seconds({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}) == 0.5


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "x"},
        {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"},
    ],
    ids=["absent", "zero", "no number", "meant for another process"],
)
def test_there_is_no_watchdog_unless_systemd_says_so(environment: dict[str, str]) -> None:
    assert watchdog_seconds(environment) is None
