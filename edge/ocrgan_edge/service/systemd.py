"""What systemd is told about the daemon, and what it wants to hear. Source: sd_notify(3)."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping

_log = logging.getLogger(__name__)


class Notifier:
    """Tells the service manager how the daemon stands; says nothing where nobody listens.

    No call waits, and none fails: a manager that does not hear us acts by itself.
    """

    def __init__(self, address: str | None) -> None:
        """Speaks to a unix datagram socket.

        Args:
            address: its path, or its abstract name after `@`; None where there is no manager.
        """
        self._address = "\0" + address[1:] if address and address[0] == "@" else address

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Notifier:
        """The manager that `NOTIFY_SOCKET` names, if any."""
        address = environment.get("NOTIFY_SOCKET", "")
        return cls(address if address[:1] in ("/", "@") else None)

    @property
    def heard(self) -> bool:
        """Whether there is somebody who listens."""
        return self._address is not None

    def ready(self, status: str) -> None:
        """All is set up, or set up again after `reloading`; `status` is one line for people."""
        self._send("READY=1", _status(status))

    def status(self, status: str) -> None:
        """One line for people, shown by `systemctl status`."""
        self._send(_status(status))

    def alive(self) -> None:
        """Feeds the watchdog."""
        self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """The settings are being read again; `ready` must follow."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send("RELOADING=1", f"MONOTONIC_USEC={now}")

    def stopping(self) -> None:
        """A stop was asked for and is under way."""
        self._send("STOPPING=1", "STATUS=Stopping")

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as manager:
                manager.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            _log.debug("systemd was not told %s: %s", lines[0], error)


def watchdog_seconds(environment: Mapping[str, str]) -> float | None:
    """Seconds after which systemd kills a daemon that does not say it is alive; None: never.

    Source: sd_watchdog_enabled(3). `WATCHDOG_PID` names the process that is meant; others, such as
    children that have inherited the environment, are not.
    """
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    limit = environment.get("WATCHDOG_USEC", "")
    return int(limit) / 1e6 if limit.isdecimal() and int(limit) > 0 else None


def _status(text: str) -> str:
    return "STATUS=" + " ".join(text.split())
