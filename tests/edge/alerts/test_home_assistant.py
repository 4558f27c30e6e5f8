import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from ocrgan_edge.alerts.commands import parse
from ocrgan_edge.alerts.event import to_json
from ocrgan_edge.alerts.home_assistant import Announcement, Device, discovery, slug, status_topic
from ocrgan_edge.alerts.home_assistant_figures import literal
from ocrgan_edge.alerts.messages import (
    CameraStats,
    ModelMessage,
    OutboxStats,
    StatsMessage,
    StatusMessage,
)
from ocrgan_edge.alerts.topics import Topics

TOPICS = Topics("ocrgan", "attic")
MODEL = ModelMessage(
    installed="old.ocrgan", sha256="0" * 64, state="ok", offered=("new.ocrgan", "old.ocrgan")
)
NAMES = st.lists(
    st.text(st.characters(blacklist_categories=["C", "Z"], blacklist_characters="/+#$")
            | st.just(" "), min_size=1, max_size=60),
    min_size=1, max_size=6, unique=True,
)  # fmt: skip


def announce(*cameras: str, announced: dict[str, str] | None = None) -> Announcement:
    return discovery(TOPICS, Device("0.2", "x86_64", cameras, MODEL), announced or {})


def components(*cameras: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(announce(*cameras).payload)["components"]
    return found


def rendered(component: dict[str, Any], payload: str, key: str = "value_template") -> str:
    """What Home Assistant makes of a payload: it gives templates `value` and `value_json`."""
    try:
        value_json = json.loads(payload)
    except ValueError:
        value_json = None
    return Environment().from_string(component[key]).render(value=payload, value_json=value_json)


def test_the_node_is_announced_as_one_device_by_its_name() -> None:
    announcement = announce("door")
    said = json.loads(announcement.payload)
    assert announcement.topic == "homeassistant/device/attic/config"
    assert said["device"]["identifiers"] == ["ocrgan-attic"]
    assert said["device"]["name"] == "attic"
    assert said["origin"] == {"name": "ocrgan-edge", "sw_version": "0.2"}


def test_home_assistant_s_start_is_heard_on_its_status() -> None:
    assert status_topic("ha") == "ha/status"


def test_a_camera_has_its_sensors_settings_and_picture() -> None:
    platforms = {
        key.removeprefix("door-"): part["platform"]
        for key, part in components("door").items()
        if key.startswith("door-")
    }
    assert platforms == {
        "anomaly": "binary_sensor", "score": "sensor", "snapshot": "image", "event": "event",
        "connection": "binary_sensor", "scene": "sensor", "enabled": "switch",
        "threshold": "number", "sensitivity": "select", "calibrate": "button",
        "calibration": "sensor", "fps": "sensor", "latency": "sensor", "age": "sensor",
        "skipped": "sensor", "reconnects": "sensor",
    }  # fmt: skip


def test_anomalies_are_told_by_qos_1_on_the_camera_s_topic() -> None:
    anomaly = components("door")["door-anomaly"]
    assert anomaly["state_topic"] == "ocrgan/attic/door/anomaly"
    assert (anomaly["qos"], anomaly["device_class"]) == (1, "problem")


@pytest.mark.parametrize(
    ("word", "there"), [("online", "online"), ("offline", "offline"), ("stopped", "offline")]
)
def test_a_stopped_node_is_as_away_as_one_that_is_offline(word: str, there: str) -> None:
    (available,) = json.loads(announce("door").payload)["availability"]
    assert available["topic"] == "ocrgan/attic/available"
    assert rendered(available, word) == there


@pytest.mark.parametrize("status", ["online", "offline", "disabled"])
def test_no_anomaly_is_known_of_a_camera_that_gives_no_pictures(status: Any) -> None:
    message = StatusMessage(
        status=status, scene="ok", since=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    )
    parts = components("door")
    node, camera = parts["door-anomaly"]["availability"]
    assert node["topic"] == "ocrgan/attic/available"
    assert parts["door-anomaly"]["availability_mode"] == "all"
    assert rendered(camera, to_json(message)) == ("online" if status == "online" else "offline")
    connected = rendered(parts["door-connection"], to_json(message))
    assert connected == ("OFF" if status == "offline" else "ON")


def test_every_button_press_and_choice_is_a_command_that_is_obeyed() -> None:
    parts = components("door", "a b")
    said = {"switch": "ON", "number": "2.5", "select": "high", "button": "payload_press"}
    obeyed = 0
    for part in parts.values():
        if "command_topic" in part:
            payload = part.get("payload_press") or part.get("payload_install")
            payload = payload or said[part["platform"]]
            parse(TOPICS, ["door", "a b"], part["command_topic"], payload.encode())
            obeyed += 1
    assert obeyed == 2 * 4 + 1


def test_a_sensitivity_that_is_no_word_is_shown_as_unknown() -> None:
    part = components("door")["door-sensitivity"]
    assert [rendered(part, said) for said in ("low", "1.3")] == ["low", "None"]


def test_new_and_end_are_events_and_updates_are_not(make_event: Any) -> None:
    part = components("door")["door-event"]
    said = json.loads(rendered(part, to_json(make_event("end"))))
    assert (said["event_type"], said["event_id"], said["peak_score"]) == ("end", "e1", 4.0)
    assert rendered(part, to_json(make_event("update"))) == ""
    assert part["event_types"] == ["new", "end"]


def stats(camera: str) -> str:
    figures = CameraStats.model_construct(
        frames_per_second=9.5, latency_p95=None, age_max=0.25, windows_skipped=3, reconnects=1
    )
    outbox = OutboxStats(depth=4, bytes=1, dropped=2, set_aside=0, failed_writes=5)
    return StatsMessage.model_construct(
        rss_bytes=1000, temperature=None, uptime=60.0, broker_reconnects=7, evidence_dropped=8,
        outbox=outbox, cameras={camera: figures},
    ).model_dump_json(by_alias=True)  # fmt: skip


@pytest.mark.parametrize("camera", ["door", "it's", '{{ "}}" }} {% raw %}', "Tür 😀", "\\N"])
def test_figures_are_found_in_the_stats_whatever_the_camera_is_called(camera: str) -> None:
    parts = components(camera)
    found = {
        key.split("-")[-1]: rendered(part, stats(camera))
        for key, part in parts.items()
        if part.get("state_topic") == TOPICS.stats
    }
    assert found == {
        "fps": "9.5", "latency": "None", "age": "0.25", "skipped": "3", "reconnects": "1",
        "memory": "1000", "temperature": "None", "uptime": "60.0", "outbox": "4", "dropped": "2",
        "failed_writes": "5", "evidence_dropped": "8", "broker_reconnects": "7",
    }  # fmt: skip


def test_a_camera_without_stats_yet_has_unknown_figures() -> None:
    assert rendered(components("door")["door-fps"], stats("yard")) == "None"


@given(st.text())
def test_a_string_in_a_template_stays_what_it_is(text: str) -> None:
    template = f"{{{{ {literal(text)} }}}}"
    assert Environment(keep_trailing_newline=True).from_string(template).render() == text


def test_the_newest_model_is_offered_as_an_update() -> None:
    part = components("door")["model"]
    said = json.loads(rendered(part, to_json(MODEL)))
    assert (said["installed_version"], said["latest_version"]) == ("old.ocrgan", "new.ocrgan")
    assert said["in_progress"] is False
    assert part["payload_install"] == "new.ocrgan"


def test_nothing_is_offered_where_no_model_lies_ready() -> None:
    bare = ModelMessage(installed=None, sha256=None, state="failed", message="too bad " * 99)
    said = discovery(TOPICS, Device("0.2", "x", ["door"], bare), {})
    part = json.loads(said.payload)["components"]["model"]
    update = json.loads(rendered(part, to_json(bare)))
    assert update["installed_version"] == update["latest_version"] == "several"
    assert len(update["release_summary"]) == 255
    assert "command_topic" not in part


def test_a_camera_that_is_gone_is_removed_and_comes_back() -> None:
    before = announce("door", "yard")
    without = announce("door", announced=dict(before.components))
    said = json.loads(without.payload)["components"]
    assert said["yard-score"] == {"platform": "sensor"}
    assert said["door-score"]["state_topic"] == "ocrgan/attic/door/score"
    assert announce("door", "yard", announced=dict(without.components)).payload == before.payload


def test_ids_stay_the_same_when_cameras_are_reordered() -> None:
    assert components("door", "a b") == components("a b", "door")


def test_a_plain_name_is_its_own_slug_and_another_ends_in_its_hash() -> None:
    assert slug("cam_2") == "cam_2"
    # echo -n Door | sha256sum
    assert slug("Door") == "door_fbf247e4"
    assert slug("前") == "6044e9f0"


@settings(max_examples=60)
@given(NAMES)
def test_all_ids_differ_and_hold_only_what_home_assistant_takes(names: list[str]) -> None:
    parts = components(*names)
    assert len(parts) == 16 * len(names) + 9
    ids = [part["unique_id"] for part in parts.values()]
    assert len(set(ids)) == len(ids)
    for unique_id in ids:
        assert set(unique_id) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")
        assert len(unique_id) < 120


def test_one_letter_s_case_makes_another_camera() -> None:
    assert len({slug("door"), slug("Door"), slug("do or"), slug("do_or"), slug("do-or")}) == 5


def test_a_name_that_looks_hashed_is_hashed_again() -> None:
    assert slug(slug("Door")) != slug("Door")


@pytest.mark.slow
@pytest.mark.parametrize("cameras", [("door",), ("Tür 😀", "it's {{ }}", "a" * 200, "a b", "a_b")])
def test_home_assistant_s_own_schemas_take_it(cameras: tuple[str, ...]) -> None:
    """HOMEASSISTANT_PYTHON: a Python 3.13 with Home Assistant 2024.12 or newer."""
    python = os.environ.get("HOMEASSISTANT_PYTHON")
    if not python:
        pytest.skip("HOMEASSISTANT_PYTHON names no Python that has Home Assistant")
    payload = announce(*cameras, announced={"gone-score": "sensor"}).payload
    checked = subprocess.run(
        [python, Path(__file__).with_name("home_assistant_check.py")],
        input=payload, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (checked.returncode, checked.stdout) == (0, f"{16 * len(cameras) + 9}\n"), checked.stderr
