"""A real broker and a real subscriber for whoever tests what is said over MQTT."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from ocrgan_edge.video.quiet import quiet_opencv

# FFmpeg reads its log level once, when the first video of the process is opened or written.
quiet_opencv()

# A machine that is busy with other tests is slow, which says nothing about the code.
hypothesis_settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("house")

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def wait_until(true: Callable[[], bool], seconds: float = 60, what: str = "") -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Mosquitto:
    """The Debian broker on a free port; it forgets everything when it stops."""

    def __init__(self, folder: Path, settings: str = "allow_anonymous true") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._file = folder / "mosquitto.conf"
        self._file.write_text(f"listener {self.port} 127.0.0.1\n{settings}\nuser root\n")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert MOSQUITTO
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._file)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: _accepts(self.port), what="mosquitto listens")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@dataclass(frozen=True)
class Heard:
    topic: str
    payload: str
    qos: int
    retain: bool


class Listener:
    """Subscribes to everything and keeps it, with the retain flag as it was published."""

    def __init__(self, port: int) -> None:
        self.heard: list[Heard] = []
        self._subscribed = False
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = lambda *_: self._client.subscribe(
            "#", options=SubscribeOptions(qos=1, retainAsPublished=True)
        )
        self._client.on_subscribe = lambda *_: setattr(self, "_subscribed", True)
        self._client.on_message = lambda _, __, message: self._take(message)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        wait_until(lambda: self._subscribed, what="subscribed")

    def _take(self, message: MQTTMessage) -> None:
        text = message.payload.decode(errors="replace")  # a snapshot is a JPEG
        self.heard.append(Heard(message.topic, text, message.qos, message.retain))

    def on(self, topic_end: str) -> list[str]:
        """Payloads on topics that end so."""
        return [heard.payload for heard in self.heard if heard.topic.endswith(topic_end)]

    def wait_for(self, topic_end: str, payload: str, seconds: float = 15) -> None:
        """Waits for a payload that contains this text."""
        wait_until(
            lambda: any(payload in text for text in self.on(topic_end)),
            seconds,
            f"{payload} on {topic_end} among {[h.payload[:60] for h in self.heard][-20:]}",
        )

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def make_mosquitto(tmp_path: Path) -> Iterator[Callable[[str], Mosquitto]]:
    """Gives a started broker with these lines in its configuration."""
    if not MOSQUITTO:
        assert "CI" not in os.environ, "CI must install mosquitto: nothing is skipped there"
        pytest.skip("mosquitto is not installed (Debian: apt-get install mosquitto)")
    brokers: list[Mosquitto] = []

    def make(settings: str) -> Mosquitto:
        brokers.append(Mosquitto(tmp_path, settings))
        brokers[-1].start()
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.stop()


@pytest.fixture
def mosquitto(make_mosquitto: Callable[[str], Mosquitto]) -> Mosquitto:
    """A started broker that lets everyone in."""
    return make_mosquitto("allow_anonymous true")


@pytest.fixture
def listen() -> Iterator[Callable[[int], Listener]]:
    """Gives a subscriber to everything on a port."""
    listeners: list[Listener] = []

    def make(port: int) -> Listener:
        listeners.append(Listener(port))
        return listeners[-1]

    yield make
    for listener in listeners:
        listener.close()


@pytest.fixture(scope="session")
def tiny_bundle() -> Path:
    """Frame differencing at 32x32, windows of 8 frames at 10/s, threshold 2."""
    return Path(__file__).parent / "fixtures" / "tiny.ocrgan"


@pytest.fixture
def write_video(tmp_path: Path) -> Callable[..., Path]:
    """Gives a video of an empty room in which something moves between two moments."""

    def write(seconds: float, moves_from: float, moves_to: float) -> Path:
        path = tmp_path / "room.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 64))
        for number in range(round(seconds * 10)):
            image = np.full((64, 64, 3), 100, np.uint8)
            if moves_from <= number / 10 < moves_to:
                left = number * 7 % 50
                image[20:40, left : left + 14] = 255
            writer.write(image)
        writer.release()
        return path

    return write


@pytest.fixture
def start_daemon(tiny_bundle: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the installed command on a camera, with more options after it."""
    started: list[subprocess.Popen[str]] = []

    def start(camera: object, *options: object) -> subprocess.Popen[str]:
        command = [Path(sys.executable).with_name("ocrgan-edge"), "--camera", camera]
        command += ["--target", "onnx-fp32", "--node", "attic", "--name", "door", *options]
        if "--bundle" not in options:
            command += ["--bundle", tiny_bundle]
        started.append(
            subprocess.Popen(
                [str(part) for part in command],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()
