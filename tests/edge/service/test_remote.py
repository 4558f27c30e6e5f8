"""How a node shows itself to others over a real broker."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from tests.conftest import wait_until

from ocrgan_edge.alerts.messages import StatsMessage
from ocrgan_edge.service import remote as module
from ocrgan_edge.service.node import Node
from ocrgan_edge.service.remote import Remote
from ocrgan_edge.service.stop import MOST, Inbox

pytestmark = pytest.mark.slow
DISCOVERY = "homeassistant/device/"


class Led:
    """A node with its remote; its thread works only while somebody waits for something."""

    def __init__(self, node: Node, listener) -> None:
        self.node, self.listener = node, listener
        self.inbox = Inbox()
        self.remote = Remote(node, node.settings.mqtt, self.inbox)

    def until(self, true: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + 60
        while not true():
            assert time.monotonic() < end, f"not within 60 s: {what}"
            self.node.tick(datetime.now(UTC))
            self.remote.tick()
            self.inbox.work(0.02)

    def tell(self, topic: str, payload: str) -> None:
        self.listener._client.publish(topic, payload, qos=1)

    @property
    def discoveries(self) -> list[dict]:
        heard = list(self.listener.heard)
        return [json.loads(each.payload) for each in heard if each.topic.startswith(DISCOVERY)]


@pytest.fixture
def lead(make_node: Callable[..., Node], mosquitto, listen) -> Iterator[Callable[..., Led]]:
    listener = listen(mosquitto.port)
    nodes: list[Node] = []

    def make(**mqtt: object) -> Led:
        node = make_node({"door": {}, "yard": {}}, mqtt={"url": mosquitto.url} | mqtt)
        nodes.append(node)
        return Led(node, listener)

    yield make
    for node in nodes:  # while the broker is there
        node.close(clean=True)


def test_stats_come_at_once_and_again_after_their_interval(lead) -> None:
    led = lead(stats_interval=1)
    led.until(lambda: len(led.listener.on("attic/stats")) >= 2, "stats")
    stats = StatsMessage.model_validate_json(led.listener.on("attic/stats")[-1])
    assert set(stats.cameras) == {"door", "yard"}
    assert stats.cameras["door"].hop == 4


def test_home_assistant_is_told_of_every_camera(lead) -> None:
    led = lead()
    led.until(lambda: led.discoveries, "a discovery message")
    components = " ".join(led.discoveries[-1]["components"])
    assert "door" in components
    assert "yard" in components


def test_home_assistant_is_told_again_when_it_has_started(
    lead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANNOUNCE_INTERVAL", 0.0)
    led = lead()
    led.until(lambda: led.discoveries, "a discovery message")

    def again() -> bool:
        led.tell("homeassistant/status", "online")
        return len(led.discoveries) > 1

    led.until(again, "another discovery message")


def test_who_does_not_want_home_assistant_hears_nothing_of_it(lead) -> None:
    led = lead(home_assistant=False)
    led.until(lambda: bool(led.listener.on("attic/stats")), "stats")
    assert led.discoveries == []


def test_a_flood_of_commands_is_cut_off_and_said_once(lead, caplog) -> None:
    led = lead(home_assistant=False)

    def flooded() -> bool:
        for _ in range(100):
            led.tell("ocrgan/attic/door/threshold/set", "3")
        return "are thrown away" in caplog.text

    wait_until(flooded, what="a warning")
    flooded()
    assert led.inbox.waiting <= MOST
    assert caplog.text.count("are thrown away") == 1


def test_a_node_that_is_taken_apart_obeys_no_more(lead) -> None:
    led = lead(home_assistant=False)

    def waits() -> bool:
        led.tell("ocrgan/attic/door/enabled/set", "OFF")
        return led.inbox.waiting > 0

    wait_until(waits, what="a command")
    led.remote.close()
    while led.inbox.waiting:
        led.inbox.work(0.0)
    assert led.node.watches.by_name["door"].enabled
