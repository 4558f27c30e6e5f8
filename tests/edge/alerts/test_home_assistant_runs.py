"""A real Home Assistant beside a real broker: what it shows, and what it tells the node.

HOMEASSISTANT_PYTHON names a Python in which home_assistant_requirements.txt is installed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import publish

from ocrgan_edge.alerts.commands import (
    Calibrate,
    Command,
    InstallModel,
    SetEnabled,
    SetSensitivity,
    SetThreshold,
    parse,
)
from ocrgan_edge.alerts.event import Event, EventType, ScoreMessage, Shares, to_json
from ocrgan_edge.alerts.home_assistant import Device, discovery
from ocrgan_edge.alerts.messages import (
    CalibrateMessage,
    CameraStats,
    ModelMessage,
    OutboxStats,
    StatsMessage,
    StatusMessage,
)
from ocrgan_edge.alerts.publisher import Numbering
from ocrgan_edge.alerts.topics import Topics

PYTHON = os.environ.get("HOMEASSISTANT_PYTHON")
TOPICS = Topics("ocrgan", "attic")
CAMERAS = ("door", "Tür 2")
NOW = datetime(2026, 1, 2, tzinfo=UTC)
MODEL = ModelMessage(
    installed="old.ocrgan", sha256="0" * 64, state="ok", offered=("new.ocrgan", "old.ocrgan")
)
FIGURES = CameraStats.model_construct(
    frames_per_second=9.5, latency_p95=0.125, age_max=None, windows_skipped=3, reconnects=1
)
STATS = StatsMessage.model_construct(
    rss_bytes=1000,
    temperature=51.5,
    uptime=60.0,
    broker_reconnects=7,
    evidence_dropped=8,
    outbox=OutboxStats(depth=4, bytes=1, dropped=2, set_aside=0, failed_writes=5),
    cameras={"Tür 2": FIGURES},
)
SHARES = Shares(texture=1, shape=0, motion=0, feature=0, patch=0)
SCORE = ScoreMessage(score=2.5, threshold=2, time=NOW, media_time=0, shares=SHARES)
SAID = {
    TOPICS.available: "online",
    TOPICS.stats: to_json(STATS),
    TOPICS.node_state("model"): to_json(MODEL),
    TOPICS.anomaly("door"): "ON",
    TOPICS.status("door"): to_json(StatusMessage(status="online", scene="dark", since=NOW)),
    TOPICS.status("Tür 2"): to_json(
        StatusMessage(status="offline", scene="ok", since=NOW, reason="unplugged")
    ),
    TOPICS.scene("door"): "dark",
    TOPICS.score("door"): to_json(SCORE),
    TOPICS.snapshot("door"): "a picture",
    TOPICS.state("door", "enabled"): "ON",
    TOPICS.state("door", "threshold"): "2.25",
    TOPICS.state("door", "sensitivity"): "low",
    TOPICS.state("door", "calibrate"): to_json(CalibrateMessage(state="done", minutes=30)),
}
SHOWN = {
    "binary_sensor.attic_door_anomaly": "on",
    "binary_sensor.attic_door_connection": "on",
    "binary_sensor.attic_tur_2_connection": "off",
    "binary_sensor.attic_tur_2_anomaly": "unavailable",
    "sensor.attic_door_picture": "dark",
    "sensor.attic_door_score": "2.5",
    "sensor.attic_door_calibration": "done",
    "switch.attic_door_enabled": "on",
    "number.attic_door_threshold": "2.25",
    "select.attic_door_sensitivity": "low",
    "update.attic_model": "on",
    "sensor.attic_memory": "1000",
    "sensor.attic_temperature": "51.5",
    "sensor.attic_messages_waiting": "4",
    "sensor.attic_tur_2_frame_rate": "9.5",
    "sensor.attic_tur_2_latency": "0.125",
    "sensor.attic_tur_2_age_of_scores": "unknown",
    "sensor.attic_door_frame_rate": "unknown",
}


class HomeAssistant:
    """A running one."""

    def __init__(self, folder: Path, port: int) -> None:
        assert PYTHON
        script = Path(__file__).with_name("home_assistant_run.py")
        self.errors = folder / "errors.txt"
        (folder / "configuration").mkdir()
        with self.errors.open("w") as errors:
            self._process = subprocess.Popen(
                [PYTHON, script, folder / "configuration", str(port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self._answer() == "ready"

    def states(self) -> dict[str, str]:
        return {name: state for name, (state, _) in self._ask("states").items()}

    def attributes(self, name: str) -> dict[str, str]:
        found: dict[str, str] = self._ask("states")[name][1]
        return found

    def call(self, domain: str, service: str, entity: str, **data: object) -> None:
        self._ask(json.dumps([domain, service, {"entity_id": entity, **data}]))

    def complaints(self) -> list[str]:
        """Warnings about what we said."""
        lines = self.errors.read_text().splitlines()
        return [line for line in lines if "components.mqtt" in line or "Error" in line]

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _ask(self, line: str) -> Any:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, self.errors.read_text()[-2000:]
        return json.loads(line)


@pytest.fixture
def home_assistant(tmp_path: Path, mosquitto: Any) -> Iterator[HomeAssistant]:
    if not PYTHON:
        pytest.skip("HOMEASSISTANT_PYTHON names no Python that has Home Assistant")
    running = HomeAssistant(tmp_path, mosquitto.port)
    yield running
    running.stop()


def until(true: Callable[[], bool], what: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, what()
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.mosquitto
def test_a_real_home_assistant_shows_it_all_and_its_commands_are_obeyed(
    home_assistant: HomeAssistant,
    mosquitto: Any,
    listen: Any,
    make_event: Callable[[EventType], Event],
) -> None:
    def say(topic: str, payload: str, retain: bool = True) -> None:
        publish.single(topic, payload, 1, retain, port=mosquitto.port)

    listener = listen(mosquitto.port)
    announcement = discovery(TOPICS, Device("0.2", "x86_64", CAMERAS, MODEL), {})
    say(announcement.topic, announcement.payload)
    until(lambda: "sensor.attic_memory" in home_assistant.states(), home_assistant.complaints)
    for topic, payload in SAID.items():
        say(topic, payload)
    until(
        lambda: SHOWN.items() <= home_assistant.states().items(),
        lambda: dict(SHOWN.items() - home_assistant.states().items()),
    )
    assert len(home_assistant.states()) == 16 * 2 + 9
    assert home_assistant.attributes("update.attic_model")["latest_version"] == "new.ocrgan"
    connection = home_assistant.attributes("binary_sensor.attic_tur_2_connection")
    assert connection["reason"] == "unplugged"

    event = to_json(Numbering("attic", "b").stamp(make_event("new")))
    say(TOPICS.events("door"), event, retain=False)
    until(
        lambda: home_assistant.attributes("event.attic_door_event")["event_type"] == "new",
        home_assistant.complaints,
    )

    told = (
        ("switch", "turn_off", "switch.attic_door_enabled", {}),
        ("number", "set_value", "number.attic_door_threshold", {"value": 3.5}),
        ("select", "select_option", "select.attic_door_sensitivity", {"option": "high"}),
        ("button", "press", "button.attic_tur_2_calibrate", {}),
        ("update", "install", "update.attic_model", {}),
    )
    for domain, service, entity, data in told:
        home_assistant.call(domain, service, entity, **data)
    until(lambda: len(listener.on("/set")) == len(told), lambda: listener.heard)
    assert _commands(listener) == [
        SetEnabled("door", False),
        SetThreshold("door", 3.5),
        SetSensitivity("door", "high"),
        Calibrate("Tür 2", 30),
        InstallModel("new.ocrgan"),
    ]

    say(TOPICS.available, "stopped")
    until(
        lambda: home_assistant.states()["switch.attic_door_enabled"] == "unavailable",
        home_assistant.complaints,
    )
    later = discovery(TOPICS, Device("0.2", "x86_64", ["door"], MODEL), announcement.components)
    say(later.topic, later.payload)
    until(
        lambda: not any("tur_2" in name for name in home_assistant.states()),
        home_assistant.states,
    )
    assert len(home_assistant.states()) == 16 + 9
    say(later.topic, "")
    until(lambda: not home_assistant.states(), home_assistant.states)
    assert home_assistant.complaints() == []


CONFIGURATION = """
node = "attic"
state_folder = "{folder}/state"
models_folder = "{folder}/models"
[mqtt]
url = "{url}"
[cameras.door]
source = "scene"
bundle = "{bundle}"
target = "onnx-fp32"
"""


@pytest.fixture
def daemon(tmp_path: Path, mosquitto: Any, tiny_bundle: Path) -> Iterator[Path]:
    """A daemon that watches a rendered scene and has a model in reserve; its log."""
    for name in ("state", "models"):
        (tmp_path / name).mkdir()
    shutil.copy(tiny_bundle, tmp_path / "models" / "reserve.ocrgan")
    file = tmp_path / "ocrgan.toml"
    file.write_text(CONFIGURATION.format(folder=tmp_path, url=mosquitto.url, bundle=tiny_bundle))
    log = tmp_path / "daemon.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("ocrgan-edge"), "--config", file], stderr=errors
        )
    yield log
    process.kill()
    process.wait()


@pytest.mark.slow
@pytest.mark.mosquitto
def test_the_daemon_is_at_home_in_home_assistant_and_does_what_it_is_told(
    home_assistant: HomeAssistant, daemon: Path
) -> None:
    def shown(**wanted: str) -> None:
        names = {name.replace("__", "."): state for name, state in wanted.items()}
        until(
            lambda: names.items() <= home_assistant.states().items(),
            lambda: (home_assistant.states(), daemon.read_text()[-1000:]),
        )

    shown(
        binary_sensor__attic_door_anomaly="off",
        binary_sensor__attic_door_connection="on",
        sensor__attic_door_picture="ok",
        switch__attic_door_enabled="on",
        number__attic_door_threshold="2",
        select__attic_door_sensitivity="medium",
        update__attic_model="on",
    )
    home_assistant.call("switch", "turn_off", "switch.attic_door_enabled")
    home_assistant.call("number", "set_value", "number.attic_door_threshold", value=3.5)
    home_assistant.call("select", "select_option", "select.attic_door_sensitivity", option="high")
    home_assistant.call("update", "install", "update.attic_model")
    shown(
        binary_sensor__attic_door_anomaly="unavailable",
        switch__attic_door_enabled="off",
        number__attic_door_threshold="3.5",
        select__attic_door_sensitivity="high",
        update__attic_model="off",
    )
    home_assistant.call("button", "press", "button.attic_door_calibrate")
    shown(sensor__attic_door_calibration="running")
    assert home_assistant.complaints() == []


def _commands(listener: Any) -> list[Command]:
    return [
        parse(TOPICS, CAMERAS, heard.topic, heard.payload.encode(), heard.retain)
        for heard in listener.heard
        if heard.topic.endswith("/set")
    ]
