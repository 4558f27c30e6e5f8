"""Against a real mosquitto."""

import json
import logging
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import wait_until

from ocrgan_edge.alerts import mqtt_publisher
from ocrgan_edge.alerts.event import Event, ScoreMessage, Shares, to_json

pytestmark = pytest.mark.mosquitto
NOWHERE = "mqtt://127.0.0.1:1"


def a_score(value: float) -> ScoreMessage:
    shares = Shares(texture=1, shape=0, motion=0, feature=0, patch=0)
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return ScoreMessage(score=value, threshold=2, time=now, media_time=0, shares=shares)


def sequence(payloads: list[str]) -> list[int]:
    return [json.loads(payload)["seq"] for payload in payloads]


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_online_then_events_then_stopped(
    mosquitto, listen, publishers: Any, make_event: Callable[..., Event], version: str
) -> None:
    listener = listen(mosquitto.port)
    publisher = publishers(mosquitto.url, version=version)
    for kind in ("new", "update", "end"):
        publisher.publish_event(make_event(kind))
    publisher.close()
    listener.wait_for("available", "stopped")
    assert [heard.topic for heard in listener.heard] == [
        "ocrgan/attic/available",
        *3 * ["ocrgan/attic/door/events"],
        "ocrgan/attic/available",
    ]
    assert sequence(listener.on("events")) == [1, 2, 3]


def test_states_are_retained_and_events_are_not(
    mosquitto, listen, publishers: Any, make_event: Callable[..., Event]
) -> None:
    listener = listen(mosquitto.port)
    publisher = publishers(mosquitto.url)
    publisher.publish_event(make_event("new"))
    publisher.publish_state("ocrgan/attic/door/anomaly", "ON")
    listener.wait_for("anomaly", "ON")
    publisher.publish_state("ocrgan/attic/door/score", to_json(a_score(1)), qos=0)
    listener.wait_for("score", "1.0")
    retained = {heard.topic.split("/")[-1]: (heard.retain, heard.qos) for heard in listener.heard}
    assert retained == {
        "available": (True, 1),
        "events": (False, 1),
        "anomaly": (True, 1),
        "score": (True, 0),
    }


def test_events_made_while_the_broker_is_away_arrive_in_order_when_it_is_back(
    mosquitto, listen, publishers: Any, make_event: Callable[..., Event]
) -> None:
    publisher = publishers(mosquitto.url)
    publisher.publish_state("ocrgan/attic/door/anomaly", "OFF")
    publisher.publish_event(make_event("new"))
    listen(mosquitto.port).wait_for("anomaly", "OFF")
    mosquitto.stop()
    for _ in range(30):
        publisher.publish_event(make_event("update"))
    publisher.publish_state("ocrgan/attic/door/anomaly", "ON")
    mosquitto.start()
    listener = listen(mosquitto.port)
    publisher.publish_event(make_event("end"))
    listener.wait_for("events", '"seq":32')
    numbers = sequence(listener.on("events"))
    assert numbers == sorted(numbers)
    assert set(range(3, 33)) <= set(numbers)
    assert listener.on("anomaly")[-1] == "ON"


def test_a_broker_that_comes_after_the_start_gets_everything(
    mosquitto, listen, publishers: Any, make_event: Callable[..., Event]
) -> None:
    mosquitto.stop()
    publisher = publishers(mosquitto.url)
    publisher.publish_event(make_event("new"))
    mosquitto.start()
    listener = listen(mosquitto.port)
    listener.wait_for("events", '"seq":1')
    listener.wait_for("available", "online")


def test_a_broker_that_stays_away_is_worth_one_warning(
    publishers: Any, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = publishers(NOWHERE)
    with caplog.at_level(logging.WARNING):
        publisher._connection._client._thread.join(1)  # attempts after 0, 0.1, 0.3 and 0.7 s
    publisher.close()
    assert [record.getMessage() for record in caplog.records] == [
        "broker mqtt://127.0.0.1:1 cannot be reached ([Errno 111] Connection refused); "
        "scoring goes on, events wait, trying again"
    ]


def test_what_did_not_fit_is_counted_in_the_next_message(
    mosquitto, listen, publishers: Any, make_event: Callable[..., Event]
) -> None:
    mosquitto.stop()
    publisher = publishers(mosquitto.url, backlog=2)
    for kind in ("new", "update", "update", "end"):
        publisher.publish_event(make_event(kind))
    mosquitto.start()
    listener = listen(mosquitto.port)
    listener.wait_for("events", '"seq":2')
    publisher.publish_event(make_event("new"))
    listener.wait_for("events", '"seq":3')
    assert sequence(listener.on("events")) == [1, 2, 3]
    assert [json.loads(text)["dropped"] for text in listener.on("events")] == [2, 2, 2]


def test_events_lost_at_the_stop_are_counted_in_the_log(
    publishers: Any, make_event: Callable[..., Event], caplog: pytest.LogCaptureFixture
) -> None:
    publisher = publishers(NOWHERE)
    publisher.publish_event(make_event("new"))
    publisher.close()
    assert "1 event messages did not reach the broker before the stop" in caplog.messages


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_commands_are_heard_but_not_those_said_before(
    mosquitto, listen, publishers: Any, version: str
) -> None:
    say(mosquitto, "ocrgan/attic/door/enabled/set", "OFF", "-r")
    say(mosquitto, "homeassistant/status", "online", "-r")
    heard: list[tuple[str, bytes]] = []
    publisher = publishers(mosquitto.url, version=version)
    publisher.listen(["ocrgan/attic/+/+/set"], lambda *message: heard.append(message))
    publisher.listen(["homeassistant/status"], lambda *m: heard.append(m), retained=True)
    wait_until(lambda: heard)
    say(mosquitto, "ocrgan/attic/door/threshold/set", "3")
    wait_until(lambda: len(heard) == 2)
    assert heard == [
        ("homeassistant/status", b"online"),
        ("ocrgan/attic/door/threshold/set", b"3"),
    ]


def test_commands_are_heard_after_a_reconnect(mosquitto, listen, publishers: Any) -> None:
    heard: list[tuple[str, bytes]] = []
    publisher = publishers(mosquitto.url)
    publisher.listen(["ocrgan/attic/+/+/set"], lambda *message: heard.append(message))
    wait_until(lambda: publisher._open)
    mosquitto.stop()
    mosquitto.start()
    wait_until(lambda: publisher.reconnects == 1)
    wait_until(lambda: say(mosquitto, "ocrgan/attic/door/enabled/set", "ON") or heard)


def test_a_fault_in_a_listener_ends_neither_thread(
    mosquitto, listen, publishers: Any, caplog: pytest.LogCaptureFixture,
    make_event: Callable[..., Event],
) -> None:  # fmt: skip
    listener = listen(mosquitto.port)
    publisher = publishers(mosquitto.url)
    publisher.listen(["x"], lambda *_: 1 // 0)
    wait_until(lambda: say(mosquitto, "x", "") or "goes on after an error" in caplog.text)
    publisher.publish_event(make_event("new"))
    listener.wait_for("events", '"seq":1')


def test_an_event_that_the_broker_refuses_is_kept_and_tried_again(
    make_mosquitto,
    listen,
    publishers: Any,
    make_event: Callable[..., Event],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mqtt_publisher, "REFUSED_SECONDS", 0.2)
    rights = tmp_path / "acl"
    rights.write_text("topic read #\ntopic write +/+/available\n")
    mosquitto = make_mosquitto(f"allow_anonymous true\nacl_file {rights}")
    publisher = publishers(mosquitto.url)
    publisher.publish_event(make_event("end"))
    wait_until(lambda: publisher._refused_until > 0)
    assert publisher.stats().depth == 1
    rights.write_text("topic readwrite #\n")
    mosquitto._process.send_signal(signal.SIGHUP)
    listen(mosquitto.port).wait_for("events", '"seq":1')
    wait_until(lambda: publisher.stats().depth == 0)


def test_an_event_that_no_topic_can_carry_is_counted_and_holds_up_nothing(
    mosquitto, listen, publishers: Any, make_event: Callable[..., Event]
) -> None:
    listener = listen(mosquitto.port)
    publisher = publishers(mosquitto.url)
    publisher.publish_event(make_event("new").model_copy(update={"camera": "#"}))
    publisher.publish_event(make_event("end"))
    listener.wait_for("events", '"seq":2')
    wait_until(lambda: publisher.stats().depth == 0)
    assert publisher.stats().dropped == 1


def test_what_was_on_disk_at_the_stop_goes_out_at_the_next_start(
    mosquitto, listen, publishers: Any, make_event: Callable[..., Event], tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    publishers.path = tmp_path / "outbox.sqlite"
    publisher = publishers(NOWHERE)
    publisher.publish_event(make_event("end"))
    assert publisher.wait_until_safe(5)
    publisher.close()
    assert "they are kept for the next start" in caplog.text
    listener = listen(mosquitto.port)
    publishers(mosquitto.url)
    listener.wait_for("events", '"seq":1')


def say(broker, topic: str, payload: str, *options: str) -> None:
    command = ["mosquitto_pub", "-p", str(broker.port), "-t", topic, "-m", payload, *options]
    subprocess.run(command, check=True)
