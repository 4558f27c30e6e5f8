"""A mosquitto broker of this machine and a subscriber of it: neither runs in the root."""

from __future__ import annotations

import queue
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from arm64.needs import PATH, CheckFailed
from ocrgan_edge.alerts.event import EventMessage

START_SECONDS = 30.0


@contextmanager
def running_mosquitto() -> Iterator[int]:
    """Runs the Debian broker on a free port of 127.0.0.1, which is the root's as well.

    Raises:
        CheckFailed: it does not start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "mosquitto.conf")
        settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")
        broker = subprocess.Popen(
            [shutil.which("mosquitto", path=PATH) or "mosquitto", "-c", settings],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(port)
            yield port
        finally:
            broker.terminate()
            broker.wait()


class Subscriber:
    """Keeps the event messages of one topic."""

    def __init__(self, port: int, topic: str) -> None:
        """Comes back when the broker has acknowledged the subscription.

        Raises:
            CheckFailed: it does not.
        """
        self._events: queue.Queue[EventMessage] = queue.Queue()
        subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._topic = topic
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.on_message = lambda _, __, message: self._events.put(
            EventMessage.model_validate_json(message.payload)
        )
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        if not subscribed.wait(START_SECONDS):
            raise CheckFailed(f"the broker on port {port} does not acknowledge a subscription")

    def _subscribe(self, client: Client, *_: object) -> None:
        client.subscribe(self._topic, qos=1)

    def heard(self, seconds: float = 5.0) -> list[EventMessage]:
        """All up to the end of an event; what has come so far if that does not come in time."""
        events: list[EventMessage] = []
        try:
            while not events or events[-1].type != "end":
                events.append(self._events.get(timeout=seconds))
        except queue.Empty:
            pass
        self._client.disconnect()
        self._client.loop_stop()
        return events


def _wait_for(port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise CheckFailed(f"mosquitto does not listen on port {port} within {START_SECONDS:.0f} s")
