"""Commands to a node at work, over a real broker."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.detection.profiles import Learned
from ocrgan_edge.service.node import Node
from ocrgan_edge.service.remote import Remote
from ocrgan_edge.service.settings.changes import changes
from ocrgan_edge.service.stop import Inbox
from ocrgan_edge.service.view import calibration_name
from ocrgan_edge.service.watch import Watch

pytestmark = pytest.mark.slow
TOPICS = Topics("ocrgan", "attic")
PATIENCE = 90.0
"""Seconds, on a machine that is busy with other tests."""


class Led:
    """A node with its remote, led as the daemon leads it."""

    def __init__(self, node: Node, listener) -> None:
        self.node, self.listener = node, listener
        self._inbox = Inbox()
        self._remote = Remote(node, node.settings.mqtt, self._inbox)
        self.until(self._listens, "an answer")

    def _listens(self) -> bool:
        if not self.listener.on("attic/errors"):
            self.order("door", "enabled", "are you there?")
        return bool(self.listener.on("attic/errors"))

    def until(self, true: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, f"not within {PATIENCE:g} s: {what}"
            self.node.tick(datetime.now(UTC))
            self._remote.tick()
            self._inbox.work(0.02)

    def tell(self, topic: str, payload: str) -> None:
        self.listener._client.publish(topic, payload, qos=1)

    def hears(self, topic_end: str, payload: str) -> None:
        """Waits until this is the newest word on a topic, or a part of it."""
        self.until(
            lambda: payload in (self.listener.on(topic_end) or [""])[-1],
            f"{payload} on {topic_end}, last heard {self.listener.on(topic_end)[-1:]}",
        )

    def order(self, camera: str, what: str, payload: str) -> None:
        self.tell(TOPICS.command(camera, what), payload)

    def install(self, name: str) -> None:
        self.tell(TOPICS.node_command("model"), name)

    @property
    def door(self) -> Watch:
        return self.node.watches.by_name["door"]


@pytest.fixture
def models(tmp_path: Path, other_bundle: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    other_bundle.rename(folder / "other.ocrgan")
    (folder / "broken.ocrgan").write_bytes(b"PK")
    return folder


@pytest.fixture
def lead(
    make_node: Callable[..., Node], mosquitto, listen, tmp_path: Path, models: Path
) -> Iterator[Callable[..., Led]]:
    listener = listen(mosquitto.port)
    nodes: list[Node] = []

    def make(**door: object) -> Led:
        listener.heard.clear()
        node = make_node(
            {"door": door, "yard": {"threshold": 3.0}},
            mqtt={"url": mosquitto.url, "home_assistant": False},
            state_folder=tmp_path / "state",
            models_folder=models,
            evidence={"snapshots": False, "clips": False},
        )
        nodes.append(node)
        return Led(node, listener)

    yield make
    for node in nodes:  # while the broker is there
        node.close(clean=True)


def test_what_can_be_set_is_said_at_the_start(lead: Callable[..., Led]) -> None:
    led = lead(sensitivity="low", threshold=2.5)
    led.hears("door/enabled/state", "ON")
    led.hears("door/threshold/state", "2.5")
    led.hears("door/sensitivity/state", "low")
    led.hears("door/calibrate/state", '"idle"')
    led.hears("yard/threshold/state", "3")


@pytest.mark.parametrize(
    ("what", "payload", "state"),
    [
        ("enabled", "OFF", "OFF"),
        ("threshold", "7.25", "7.25"),
        ("sensitivity", "high", "high"),
        ("sensitivity", "0.5", "0.5"),
    ],
)
def test_what_a_command_sets_is_said_and_holds_for_its_camera_alone(
    lead: Callable[..., Led], what: str, payload: str, state: str
) -> None:
    led = lead()
    led.hears("yard/calibrate/state", '"idle"')  # what is said last at the start
    before = len(led.listener.on(f"yard/{what}/state"))
    led.order("door", what, payload)
    led.hears(f"door/{what}/state", state)
    assert len(led.listener.on(f"yard/{what}/state")) == before


def test_a_camera_that_is_switched_off_is_disabled(lead: Callable[..., Led]) -> None:
    led = lead()
    led.order("door", "enabled", "OFF")
    led.hears("door/status", '"disabled"')
    led.order("door", "enabled", "ON")
    led.hears("door/status", '"online"')


def test_sensitivity_moves_the_threshold_from_where_it_was_set(lead: Callable[..., Led]) -> None:
    led = lead()
    led.order("door", "threshold", "10")
    led.order("door", "sensitivity", "2")
    led.hears("door/sensitivity/state", "2")
    median = led.door.view.model.calibration.median
    assert led.door.camera.tuning.threshold == pytest.approx(median + (10 - median) / 2)
    led.hears("door/threshold/state", "10")


def test_what_was_set_holds_after_a_restart(lead: Callable[..., Led]) -> None:
    led = lead()
    for what, payload in (("enabled", "OFF"), ("threshold", "9"), ("sensitivity", "high")):
        led.order("door", what, payload)
        led.hears(f"door/{what}/state", payload)
    led.node.close(clean=True)
    again = lead()
    again.hears("door/enabled/state", "OFF")
    again.hears("door/threshold/state", "9")
    again.hears("door/sensitivity/state", "high")


@pytest.mark.parametrize(
    ("what", "payload"), [("threshold", "much"), ("enabled", "perhaps"), ("calibrate", "0")]
)
def test_a_bad_command_is_answered_and_changes_nothing(
    lead: Callable[..., Led], what: str, payload: str
) -> None:
    led = lead()
    before = (led.door.enabled, led.door.camera.tuning, led.door.calibrating)
    led.order("door", what, payload)
    led.hears("attic/errors", payload)
    assert (led.door.enabled, led.door.camera.tuning, led.door.calibrating) == before


def test_a_fault_of_ours_in_a_command_is_answered_too(
    lead: Callable[..., Led], monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    led = lead()
    monkeypatch.setattr(Watch, "calibrate", lambda watch, minutes: 1 / 0)
    led.order("door", "calibrate", "5")
    led.hears("attic/errors", "the log says why")
    assert "ZeroDivisionError" in caplog.text


def test_the_threshold_that_is_said_is_that_of_the_day_or_the_night(
    lead: Callable[..., Led], tmp_path: Path
) -> None:
    led = lead(night=("Mon-Sun",))
    led.hears("door/threshold/state", "2")
    led.door.normal.adopt("night", Learned(led.door.normal.statistics, 0.0, 6.5))
    led.hears("door/threshold/state", "6.5")


class TestCalibrate:
    def test_what_was_learned_is_gone_by_said_and_remembered(
        self, lead: Callable[..., Led], tmp_path: Path
    ) -> None:
        led = lead(realtime=False)
        led.order("door", "calibrate", "1")
        led.hears("door/calibrate/state", '"done"')
        learned = led.door.calibrating.result
        led.hears("door/threshold/state", f"{learned.threshold:.9g}")
        assert led.door.camera.tuning.base == learned.threshold
        assert led.door.normal.statistics is learned.statistics
        led.node.close(clean=True)
        again = lead()
        assert again.door.camera.tuning.base == learned.threshold
        assert (again.door.normal.statistics.mean == learned.statistics.mean).all()

    def test_it_goes_by_the_wish_of_the_settings(self, lead: Callable[..., Led]) -> None:
        led = lead(realtime=False, false_alarms_per_day=0.25)
        led.order("door", "calibrate", "1")
        led.hears("door/calibrate/state", "0.25 false alarms a day cannot be seen in")

    def test_what_cannot_be_kept_holds_until_the_next_start_only(
        self, lead: Callable[..., Led], tmp_path: Path
    ) -> None:
        led = lead(realtime=False)
        (tmp_path / "state" / calibration_name("door", "always")).mkdir()  # no file can go there
        led.order("door", "calibrate", "1")
        led.hears("door/calibrate/state", '"done"')
        learned = led.door.calibrating.result
        assert led.door.camera.tuning.base == learned.threshold
        led.node.close(clean=True)
        again = lead()
        assert again.door.camera.tuning.base == again.door.view.model.calibration.threshold
        assert again.door.normal.statistics is again.door.view.model.statistics

    def test_it_fails_when_the_recording_ends_before(self, lead: Callable[..., Led]) -> None:
        led = lead(loop=False)
        led.order("door", "calibrate", "60")
        led.hears("door/calibrate/state", '"running"')
        led.door._feed.ask_to_stop()
        led.hears("door/calibrate/state", "no more pictures come")
        led.hears("door/calibrate/state", '"failed"')

    def test_it_fails_when_the_camera_gets_other_settings(
        self, lead: Callable[..., Led], settings
    ) -> None:
        led = lead()
        led.order("door", "calibrate", "60")
        led.hears("door/calibrate/state", '"running"')
        old = led.node.settings
        door = old.cameras["door"].model_copy(update={"hop": 2})
        new = old.model_copy(update={"cameras": old.cameras | {"door": door}})
        led.node.change_cameras(new, changes(old, new))
        led.hears("door/calibrate/state", '"failed"')

    def test_a_camera_that_was_removed_and_comes_back_says_its_state_again(
        self, lead: Callable[..., Led]
    ) -> None:
        led = lead()
        led.hears("door/calibrate/state", '"idle"')
        old = led.node.settings
        without = old.model_copy(update={"cameras": {"yard": old.cameras["yard"]}})
        led.node.change_cameras(without, changes(old, without))
        led.until(lambda: led.listener.on("door/calibrate/state")[-1] == "", "cleared")
        led.node.change_cameras(old, changes(without, old))
        led.hears("door/calibrate/state", '"idle"')


class TestModel:
    def test_all_cameras_score_by_an_installed_model_now_and_after_a_restart(
        self, lead: Callable[..., Led]
    ) -> None:
        led = lead()
        led.install("other.ocrgan")
        led.hears("model/state", '"installed":"other.ocrgan"')
        used = {watch.view.model for watch in led.node.watches.by_name.values()}
        assert {model.bundle.path.name for model in used} == {"other.ocrgan"}
        led.node.close(clean=True)
        lead().hears("model/state", '"installed":"other.ocrgan"')

    def test_a_model_that_is_refused_leaves_every_camera_alone(
        self, lead: Callable[..., Led]
    ) -> None:
        led = lead()
        before = dict(led.node.watches.by_name)
        led.install("broken.ocrgan")
        led.hears("model/state", '"failed"')
        message = json.loads(led.listener.on("model/state")[-1])
        assert message["installed"] == "tiny.ocrgan"
        assert "broken.ocrgan" in message["message"]
        assert led.node.watches.by_name == before

    def test_a_model_that_one_camera_cannot_use_is_not_installed_for_any(
        self, lead: Callable[..., Led], video: Path
    ) -> None:
        led = lead()
        before = dict(led.node.watches.by_name)
        video.unlink()  # the yard could not be opened anew
        led.install("other.ocrgan")
        led.hears("model/state", '"failed"')
        assert led.node.watches.by_name == before
        assert led.node.memory.now.model is None

    def test_the_model_that_is_in_use_can_be_installed_without_ending_anything(
        self, lead: Callable[..., Led]
    ) -> None:
        led = lead()
        led.install("other.ocrgan")
        led.hears("model/state", '"installed":"other.ocrgan"')
        before = dict(led.node.watches.by_name)
        heard = len(led.listener.on("model/state"))
        led.install("other.ocrgan")
        led.until(lambda: len(led.listener.on("model/state")) >= heard + 2, "installed again")
        assert led.node.watches.by_name == before

    def test_a_name_that_leads_out_of_the_folder_is_answered(
        self, lead: Callable[..., Led]
    ) -> None:
        led = lead()
        led.install("../state/x.ocrgan")
        led.hears("attic/errors", "../state/x.ocrgan")
