"""What surrounds a daemon in a soak: a broker and a camera that are gone now and then."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType

RTSP_SERVER = Path(__file__).parent / "sources" / "rtsp_server.py"
MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server(ABC):
    """A process that is started and stopped again and again; a context."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """What is started."""

    def start(self) -> None:
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self.command(), stdout=quiet, stderr=quiet)
        end = time.monotonic() + 20
        while not self._listens():
            assert time.monotonic() < end, f"{self.command()[0]} does not listen within 20 s"
            time.sleep(0.05)

    def stop(self, kill: bool = False) -> None:
        if self._process is not None:
            (self._process.kill if kill else self._process.terminate)()
            self._process.wait(20)

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(kill=True)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Broker(Server):
    """Mosquitto that keeps sessions and what waits in them over its own stops."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.stops = 0
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._file = folder / "mosquitto.conf"
        self._file.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nuser root\n"
            f"persistence true\npersistence_location {folder}/\nmax_queued_messages 0\n"
        )

    def command(self) -> list[str]:
        assert MOSQUITTO, "mosquitto is not installed"
        return [MOSQUITTO, "-c", str(self._file)]

    def be_away(self, seconds: float) -> None:
        self.stops += 1
        self.stop()
        time.sleep(seconds)
        self.start()


class RtspCamera(Server):
    """A stream of a moving ball, 320x240 at 10/s."""

    def __init__(self) -> None:
        super().__init__()
        self.drops = 0
        self.address = f"rtsp://127.0.0.1:{self.port}/door"

    def command(self) -> list[str]:
        return ["/usr/bin/python3", str(RTSP_SERVER), str(self.port), "320x240", "10"]

    def drop(self, most: float) -> None:
        self.drops += 1
        self.stop(kill=True)
        time.sleep(random.uniform(1, most))
        self.start()
