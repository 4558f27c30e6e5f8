"""Whoever looks after the daemon: Home Assistant, Prometheus, systemd."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from paho.mqtt import publish
from prometheus_client.parser import text_string_to_metric_families

from ocrgan_edge.alerts.schema import load_schema

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow]
Play = Callable[..., dict[str, Any]]
HOME_ASSISTANT = os.environ.get("HOMEASSISTANT_PYTHON")
CHECK = Path(__file__).parents[1] / "edge" / "alerts" / "home_assistant_check.py"


def restless(play: Play) -> dict[str, Any]:
    """A camera with an event every three seconds."""
    return play("door", 3, 0.5, 1.8) | {"cool_down": 0.3}


def discoveries(house: Any) -> list[dict[str, Any]]:
    topic = "homeassistant/device/attic/config"
    return [json.loads(heard.payload) for heard in house.listener.heard if heard.topic == topic]


def topics(component: dict[str, Any], suffix: str) -> set[str]:
    return {value for key, value in component.items() if key.endswith(suffix)}


def test_home_assistant_is_told_of_what_there_is_whenever_it_starts(house: Any, play: Play) -> None:
    door, yard = restless(play), play("yard", 20, 0, 0)
    house.settle(door=door, yard=yard)
    house.start()
    house.wait_for_event("end", "door")
    house.goes_on_scoring("yard")
    (said,) = discoveries(house)
    parts = said["components"].values()
    wanted = set().union(
        *(topics(part, "state_topic") | topics(part, "image_topic") for part in parts)
    )
    no_event_yet = {f"ocrgan/attic/yard/{what}" for what in ("events", "snapshot")}
    assert wanted - {heard.topic for heard in house.listener.heard} == no_event_yet
    if HOME_ASSISTANT:
        check = [HOME_ASSISTANT, str(CHECK)]
        subprocess.run(check, input=json.dumps(said), text=True, check=True, timeout=60)
    publish.single("homeassistant/status", "online", 1, port=house.broker.port)
    house.wait_until(lambda: len(discoveries(house)) == 2, what="it is told again")
    assert discoveries(house)[1]["components"] == said["components"]

    house.settle(door=door)
    house.reload()
    house.wait_until(lambda: len(discoveries(house)) == 3, what="there is a camera less")
    now = discoveries(house)[2]["components"]
    yards = {name for name in said["components"] if name.startswith("yard-")}
    assert yards
    assert all(set(now[name]) == {"platform"} for name in yards), "how a component is removed"
    assert house.stop() == 0
    assert_all_valid(house)


def assert_all_valid(house: Any) -> None:
    """Every JSON payload is what its topic's schema says."""
    for heard in house.listener.heard:
        level = heard.topic.removesuffix("/state").split("/")[-1]
        if heard.topic.startswith("ocrgan/") and heard.payload[:1] == "{":
            Draft202012Validator(load_schema(level)).validate(json.loads(heard.payload))


def get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
        return str(answer.read().decode())


def test_prometheus_and_health_checks_are_answered(house: Any, play: Play) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    metrics = f'[metrics]\nlisten = "127.0.0.1:{port}"'
    house.settle(mqtt=metrics, door=restless(play), yard=play("yard", 20, 0, 0))
    house.start()
    house.wait_for_event("end", "door")
    house.goes_on_scoring("yard")
    health = json.loads(get(port, "healthz"))
    assert health["status"] == "ok"
    assert health["cameras"] == {"door": "online", "yard": "online"}
    samples = {
        (sample.name, sample.labels.get("camera")): sample.value
        for family in text_string_to_metric_families(get(port, "metrics"))
        for sample in family.samples
    }
    assert samples["ocrgan_events_total", "door"] >= 1
    assert samples["ocrgan_events_total", "yard"] == 0
    assert samples["ocrgan_camera_online", "yard"] == 1
    assert samples["ocrgan_graph_latency_seconds_count", "yard"] > 3
    house.settle(mqtt=metrics, door=restless(play))
    house.reload()
    house.wait_until(lambda: json.loads(get(port, "healthz"))["cameras"] == {"door": "online"})
    assert 'camera="yard"' not in get(port, "metrics")


class Manager:
    """Listens as systemd does, all the time: a full socket would lose what comes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._heard: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def hear(self, wanted: str, seconds: float = 10) -> str:
        """Waits for the next message that begins so."""
        end = time.monotonic() + seconds
        with suppress(queue.Empty):
            while True:
                text = self._heard.get(timeout=max(end - time.monotonic(), 0.001))
                if text.startswith(wanted):
                    return text
        raise AssertionError(f"no {wanted} within {seconds} s")

    def forget(self) -> None:
        """All that was said until now."""
        with suppress(queue.Empty):
            while self._heard.get_nowait():
                pass

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(self.path))
        self._thread.join()
        self._socket.close()
        self.path.unlink()

    def _listen(self) -> None:
        while text := self._socket.recv(4096).decode():
            self._heard.put(text)


@pytest.fixture
def manager() -> Iterator[Manager]:
    # Paths of sockets are short.
    made = Manager(Path(f"/tmp/manager-{os.getpid()}"))
    yield made
    made.close()


def test_systemd_is_told_of_start_life_reload_and_stop(
    house: Any, play: Play, manager: Manager
) -> None:
    house.settle(door=play("door", 20, 0, 0))
    house.start({"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "1000000"})
    assert "STATUS=Watching door" in manager.hear("READY=1", 20)
    for _ in range(3):
        manager.hear("WATCHDOG=1", 0.7)
    house.reload()
    told = manager.hear("RELOADING=1")
    assert int(told.split("MONOTONIC_USEC=")[1]) <= time.monotonic_ns() // 1000
    manager.hear("READY=1")
    house.daemon.terminate()
    manager.hear("STOPPING=1")
    assert house.daemon.wait(10) == 0


def test_the_watchdog_is_not_fed_while_a_camera_s_thread_hangs(
    house: Any, play: Play, manager: Manager, tmp_path: Path
) -> None:
    """The thread hangs in a read that never returns, as on a network disk that is gone."""
    frames = tmp_path / "frames"
    frames.mkdir()
    for number in range(20):
        picture = np.full((64, 64, 3), 100 + number, np.uint8)
        cv2.imwrite(str(frames / f"{number:02}.png"), picture)
    os.mkfifo(frames / "20.png")
    house.settle(door={"source": str(frames), "fps": 10, "realtime": True}, yard=restless(play))
    house.start({"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "1000000"})
    manager.hear("READY=1", 20)
    house.wait_for_log("camera door hangs", 45)
    manager.hear("STATUS=Hanging: camera door")
    manager.forget()
    with pytest.raises(AssertionError, match="no WATCHDOG=1"):
        manager.hear("WATCHDOG=1", 3)
    house.goes_on_scoring("yard")
    house.kill()
