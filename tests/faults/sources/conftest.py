"""Cameras that can be killed, stopped and damaged: GStreamer's RTSP server, a small HTTP server."""

from __future__ import annotations

import os
import signal
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

SYSTEM_PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("rtsp_server.py")
HAS_GSTREAMER = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RtspCamera:
    """GStreamer's RTSP server in a process of its own."""

    def __init__(self, size: str = "320x240", rate: int = 25, credentials: str = "") -> None:
        self.port = free_port()
        self._arguments = [size, str(rate), *filter(None, [credentials])]
        self._process: subprocess.Popen[str] | None = None

    def address(self, path: str = "door", user: str = "") -> str:
        return f"rtsp://{user}127.0.0.1:{self.port}/{path}"

    def start(self) -> None:
        """Listens when this returns."""
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(SCRIPT), str(self.port), *self._arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"

    def signal(self, number: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture
def rtsp() -> Iterator[Callable[..., RtspCamera]]:
    """`rtsp(size="320x240", rate=25, credentials="user:password")`: a started camera."""
    found = subprocess.run([SYSTEM_PYTHON, "-c", HAS_GSTREAMER], capture_output=True, check=False)
    if found.returncode:
        assert "CI" not in os.environ, "CI must install GStreamer: nothing is skipped there"
        pytest.skip("GStreamer's RTSP server is not installed (Debian: gir1.2-gst-rtsp-server-1.0)")
    cameras: list[RtspCamera] = []

    def start(**settings: object) -> RtspCamera:
        cameras.append(RtspCamera(**settings))  # type: ignore[arg-type]
        cameras[-1].start()
        return cameras[-1]

    yield start
    for camera in cameras:
        camera.kill()


Script = Callable[[socket.socket, threading.Event], None]
"""What a server does with one connection; the event says that the test is over."""


class TcpServer(socketserver.ThreadingTCPServer):
    """Does with every connection what its script says."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, script: Script, port: int = 0) -> None:
        self.over = threading.Event()
        self.connections = 0
        server = self

        class Connection(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                server.connections += 1
                with suppress(OSError):  # the other side has gone
                    script(self.request, server.over)

        super().__init__(("127.0.0.1", port), Connection)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/live.mjpg"

    def stop(self) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()


@pytest.fixture
def serve_tcp() -> Iterator[Callable[..., TcpServer]]:
    """`serve_tcp(script, port=0)`: a started server."""
    servers: list[TcpServer] = []

    def start(script: Script, port: int = 0) -> TcpServer:
        servers.append(TcpServer(script, port))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"


def part(image: np.ndarray) -> bytes:
    """A picture of an MJPEG stream."""
    data = cv2.imencode(".jpg", image)[1].tobytes()
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data + b"\r\n"


@pytest.fixture
def mjpeg() -> Callable[..., Script]:
    """`mjpeg(count, interval, garbage=b"")`: a camera that hangs up after `count` pictures."""

    def make(count: int, interval: float, garbage: bytes = b"") -> Script:
        picture = part(np.full((48, 64, 3), 90, np.uint8))

        def play(connection: socket.socket, over: threading.Event) -> None:
            connection.recv(4096)
            connection.sendall(HEAD)
            for _ in range(count):
                connection.sendall(picture + garbage)
                if over.wait(interval):
                    return

        return play

    return make


class Diary:
    """A watcher that writes everything down."""

    def __init__(self) -> None:
        self.entries: list[tuple[float, str]] = []
        self.dropped_frames = 0

    def connected(self) -> None:
        self.entries.append((time.monotonic(), "connected"))

    def lost(self, reason: str) -> None:
        self.entries.append((time.monotonic(), reason))

    def tried(self) -> None: ...

    def dropped(self, frames: int) -> None:
        self.dropped_frames += frames

    @property
    def told(self) -> list[str]:
        return [text for _, text in self.entries]


@pytest.fixture
def diary() -> Diary:
    return Diary()
