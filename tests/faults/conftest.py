"""The whole daemon as it is installed, in a process of its own, with a real broker."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest
from paho.mqtt import publish

COMMAND = Path(sys.executable).with_name("ocrgan-edge")


class House:
    """A daemon, its settings in a file and its state in a folder, told and asked from outside."""

    def __init__(self, folder: Path, bundle: Path, broker: Any, listener: Any) -> None:
        self.file = folder / "edge.toml"
        self.state = folder / "state"
        self.broker = broker
        self.listener = listener
        self._bundle = bundle
        self._logs: list[Path] = []
        self._daemon: subprocess.Popen[bytes] | None = None

    # What it is told.

    def settle(self, top: str = "", mqtt: str = "", **cameras: Mapping[str, Any]) -> None:
        """Writes the settings: keys at the top, more of `[mqtt]` and other tables, and cameras."""
        lines = [f'node = "attic"\nstate_folder = "{self.state}"\n{top}']
        lines += [f'[mqtt]\nurl = "{self.broker.url}"\nstats_interval = 1\n{mqtt}']
        common = {"bundle": str(self._bundle), "target": "onnx-fp32", "score_interval": 0}
        for name, keys in cameras.items():
            told = (f"{key} = {json.dumps(value)}" for key, value in (common | keys).items())
            lines += [f"[camera.{name}]", *told]
        self.file.write_text("\n".join(lines) + "\n")

    def start(
        self, environment: Mapping[str, str] | None = None, options: tuple[str, ...] = ()
    ) -> subprocess.Popen[bytes]:
        """Starts the daemon, once more or for the first time."""
        self._logs.append(self.file.with_name(f"log{len(self._logs)}"))
        with self._logs[-1].open("wb") as log:
            self._daemon = subprocess.Popen(
                [COMMAND, "--config", self.file, *options],
                env=os.environ | (environment or {}),
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        return self._daemon

    def reload(self) -> None:
        self.daemon.send_signal(signal.SIGHUP)

    def tell(self, topic: str, payload: str | bytes, retain: bool = False) -> None:
        """Publishes on `ocrgan/attic/<topic>`."""
        whole = f"ocrgan/attic/{topic}"
        publish.single(whole, payload, 1, retain, "127.0.0.1", self.broker.port)

    def tell_all(self, messages: list[tuple[str, bytes, int, bool]]) -> None:
        """Publishes many: topic, payload, QoS, retain."""
        publish.multiple(messages, "127.0.0.1", self.broker.port)  # type: ignore[arg-type]

    def stop(self) -> int:
        self.daemon.send_signal(signal.SIGTERM)
        return self.daemon.wait(20)

    def kill(self) -> None:
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()

    def kill_broker(self) -> None:
        for child in psutil.Process().children():
            if child.name() == "mosquitto":
                child.kill()
        self.broker.stop()

    # What it says.

    @property
    def daemon(self) -> subprocess.Popen[bytes]:
        assert self._daemon is not None
        return self._daemon

    @property
    def log(self) -> str:
        """Of the newest start."""
        return self._logs[-1].read_text()

    def said(self, words: str) -> int:
        """How many lines of the log have these words."""
        return sum(words in line for line in self.log.splitlines())

    def wait_for_log(self, words: str, seconds: float = 15, times: int = 1) -> str:
        """Waits until so many lines have these words; gives the last of them."""
        self.wait_until(lambda: self.said(words) >= times, seconds, words)
        return [line for line in self.log.splitlines() if words in line][-1]

    def wait_until(self, true: Callable[[], object], seconds: float = 15, what: Any = "") -> None:
        """Waits; `what` or what it returns is said if that was in vain."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end or self.daemon.poll() is not None:
                wanted = what() if callable(what) else what
                pytest.fail(f"not within {seconds} s: {wanted}\n{self.log[-3000:]}")
            time.sleep(0.02)

    def told(self, topic: str) -> list[str]:
        """All payloads on `ocrgan/attic/<topic>`."""
        return [
            heard.payload
            for heard in list(self.listener.heard)
            if heard.topic == f"ocrgan/attic/{topic}"
        ]

    def newest(self, topic: str) -> Any:
        """The newest payload on `ocrgan/attic/<topic>`, read if it is JSON; None if none."""
        payloads = self.told(topic)
        if not payloads:
            return None
        return json.loads(payloads[-1]) if payloads[-1][:1] in "{[" else payloads[-1]

    def wait_for(self, topic: str, wanted: Callable[[Any], object], seconds: float = 15) -> Any:
        """Waits until the newest payload is as wanted; gives it."""
        found: list[Any] = []

        def is_there() -> bool:
            found[:] = [self.newest(topic)]
            return found[0] is not None and bool(wanted(found[0]))

        self.wait_until(is_there, seconds, lambda: f"{topic}, newest {found}")
        return found[0]

    def events(self, camera: str = "") -> list[dict[str, Any]]:
        """Event messages of a camera, or of all, in the order in which they came."""
        pattern = re.compile(f"ocrgan/attic/{camera or '[^/]+'}/events")
        return [
            json.loads(heard.payload)
            for heard in list(self.listener.heard)
            if pattern.fullmatch(heard.topic)
        ]

    def wait_for_event(self, kind: str, camera: str = "", seconds: float = 15) -> dict[str, Any]:
        """Waits for an event message of this type; gives the newest."""

        def found() -> list[dict[str, Any]]:
            return [event for event in self.events(camera) if event["type"] == kind]

        self.wait_until(found, seconds, f"{kind} of {camera}")
        return found()[-1]

    def scores(self, camera: str = "door") -> int:
        """How many scores have been published."""
        return len(self.told(f"{camera}/score"))

    def goes_on_scoring(self, camera: str = "door", seconds: float = 15) -> None:
        """Waits for three more scores."""
        before = self.scores(camera)
        self.wait_until(lambda: self.scores(camera) >= before + 3, seconds, "three more scores")

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self.daemon.pid)


@pytest.fixture
def house(
    tmp_path: Path, tiny_bundle: Path, mosquitto: Any, listen: Callable[[int], Any]
) -> Iterator[House]:
    """A daemon that is yet to be told its settings, and to be started."""
    made = House(tmp_path, tiny_bundle, mosquitto, listen(mosquitto.port))
    yield made
    made.kill()


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """`play("door", 6, 2, 4)`: keys of a camera that plays a recording again and again.

    10 pictures of 64x64 in a second; something moves between the second and the third number.
    """

    def make(name: str, seconds: float, begins: float, ends: float) -> dict[str, Any]:
        path = tmp_path / f"{name}.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 64))
        for number in range(round(seconds * 10)):
            light = 100 + 15 * math.sin(2 * math.pi * number / 50)  # or the picture is frozen
            image = np.full((64, 64, 3), round(light), np.uint8)
            if begins <= number / 10 < ends:
                left = number * 7 % 50
                image[20:40, left : left + 14] = 255
            writer.write(image)
        writer.release()
        return {"source": str(path), "realtime": True, "loop": True}

    return make
