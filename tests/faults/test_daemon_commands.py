"""Commands over a real broker to the whole daemon."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ocrgan_edge.bundle import open_bundle, write_bundle

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow, pytest.mark.timeout(900)]
FUZZED = 5000 if os.environ.get("OCRGAN_FAULTS") == "long" else 300
Play = Callable[..., dict[str, Any]]


def test_what_commands_set_is_told_is_retained_and_outlives_a_kill(
    house: Any, play: Play, listen: Callable[[int], Any]
) -> None:
    house.settle(door=play("door", 20, 0, 0), yard=play("yard", 20, 0, 0))
    house.start()
    house.wait_for("door/threshold/state", lambda state: state == "2")
    house.tell("door/threshold/set", "3.5")
    house.tell("door/sensitivity/set", "high")
    house.tell("yard/enabled/set", "OFF")
    house.wait_for("door/threshold/state", lambda state: state == "3.5")
    house.wait_for("door/sensitivity/state", lambda state: state == "high")
    house.wait_for("yard/enabled/state", lambda state: state == "OFF")
    house.wait_for("yard/status", lambda status: status["status"] == "disabled")
    # From median 0.1 up: (3.5 - 0.1) / 1.5 + 0.1.
    house.wait_for("door/score", lambda score: abs(score["threshold"] - 2.3667) < 1e-3)
    late = listen(house.broker.port)
    late.wait_for("attic/door/threshold/state", "3.5")

    house.kill()
    house.listener.heard.clear()
    house.start()
    house.wait_for("yard/status", lambda status: status["status"] == "disabled")
    assert house.newest("yard/enabled/state") == "OFF"
    assert house.newest("door/threshold/state") == "3.5"
    assert house.newest("door/sensitivity/state") == "high"
    house.wait_for("door/score", lambda score: abs(score["threshold"] - 2.3667) < 1e-3)


def test_disarming_ends_the_open_event_and_arming_begins_another(house: Any, play: Play) -> None:
    house.settle(door=play("door", 60, 0, 60))
    house.start()
    began = house.wait_for_event("new")
    house.tell("door/enabled/set", "OFF")
    end = house.wait_for_event("end")
    assert (end["event_id"], end["after"]["end_reason"]) == (began["event_id"], "disabled")
    house.goes_on_scoring()
    assert len({event["event_id"] for event in house.events()}) == 1
    house.tell("door/enabled/set", "ON")
    house.wait_until(lambda: house.events()[-1]["type"] == "new", what="another event")


def test_retained_commands_are_not_obeyed(house: Any, play: Play) -> None:
    house.tell("door/threshold/set", "9", retain=True)
    house.settle(door=play("door", 20, 0, 0))
    house.start()
    house.goes_on_scoring()
    assert set(house.told("door/threshold/state")) == {"2"}


def test_a_camera_calibrates_itself_on_a_minute_of_its_place(house: Any, play: Play) -> None:
    quick = play("door", 20, 0, 0) | {"realtime": False, "hop": 4, "score_interval": 0.5}
    house.settle(door=quick)
    house.start()
    house.goes_on_scoring()
    house.tell("door/calibrate/set", "1")
    done = house.wait_for("door/calibrate/state", lambda told: told["state"] == "done", 30)
    assert done["progress"] == 1
    states = [json.loads(text)["state"] for text in house.told("door/calibrate/state")]
    assert list(dict.fromkeys(states)) == ["idle", "running", "done"]
    learned = house.newest("door/threshold/state")
    assert learned != "2"
    house.kill()
    house.listener.heard.clear()
    house.start()
    house.wait_for("door/threshold/state", lambda state: state == learned)


@pytest.fixture
def models(tmp_path: Path, tiny_bundle: Path) -> Path:
    """A folder with a good model, and one whose graph gives other scores than it promised."""
    folder = tmp_path / "models"
    folder.mkdir()
    tiny = open_bundle(tiny_bundle)
    members = {name: tiny.member(name) for name in tiny.manifest.members}
    write_bundle(folder / "good.ocrgan", tiny.manifest.model_copy(update={"name": "x"}), members)
    shutil.copy(tiny_bundle, folder / "bad.ocrgan")
    data = bytearray((folder / "bad.ocrgan").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (folder / "bad.ocrgan").write_bytes(data)
    return folder


def test_a_model_is_installed_for_all_cameras_and_a_bad_one_changes_nothing(
    house: Any, play: Play, models: Path
) -> None:
    cameras = {name: play(name, 20, 0, 0) for name in ("door", "yard")}
    house.settle(top=f'models_folder = "{models}"', **cameras)
    house.start()
    first = house.wait_for("model/state", lambda told: told["offered"])
    assert set(first["offered"]) == {"good.ocrgan", "bad.ocrgan"}
    house.tell("model/set", "good.ocrgan")
    good = house.wait_for("model/state", lambda told: told["installed"] == "good.ocrgan")
    assert good["state"] == "ok"
    house.goes_on_scoring("yard")
    house.tell("model/set", "bad.ocrgan")
    bad = house.wait_for("model/state", lambda told: told["state"] == "failed")
    assert (bad["installed"], bad["sha256"]) == ("good.ocrgan", good["sha256"])
    assert "bad.ocrgan" in bad["message"]
    house.goes_on_scoring("door")
    house.goes_on_scoring("yard")
    house.kill()
    house.listener.heard.clear()
    house.start()
    house.wait_for("model/state", lambda told: told["installed"] == "good.ocrgan")


WORDS = [
    b"ON",
    b"",
    b"\xff\xfe",
    b"nan",
    b"1e999",
    b"-1",
    b"{}",
    b"[1]",
    b"../x.ocrgan",
    b"0" * 2000,
]
TOPICS = [
    *(f"door/{what}/set" for what in ("enabled", "threshold", "sensitivity", "calibrate", "x")),
    "model/set",
    "nobody/enabled/set",
    "reboot/set",
]


def test_nonsense_is_answered_and_the_next_command_obeyed(house: Any, play: Play) -> None:
    house.settle(door=play("door", 20, 0, 0))
    house.start()
    house.wait_for("door/threshold/state", lambda state: state == "2")
    chance = random.Random(1)
    nonsense = [word for word in WORDS if word != b"ON"]
    messages = [
        (f"ocrgan/attic/{chance.choice(TOPICS)}", random_payload(chance, nonsense), 1, False)
        for _ in range(FUZZED)
    ]
    house.tell_all(messages)
    house.tell("door/threshold/set", "4.25")
    house.wait_for("door/threshold/state", lambda state: state == "4.25", 60)
    house.goes_on_scoring()
    answers = [json.loads(text) for text in house.told("errors")]
    assert len(answers) > FUZZED * 0.9
    assert all(answer["error"] and len(answer["payload"]) <= 200 for answer in answers)
    assert "Traceback" not in house.log
    assert house.stop() == 0


def random_payload(chance: random.Random, words: list[bytes]) -> bytes:
    return chance.choice([chance.choice(words), chance.randbytes(chance.randrange(40))])
