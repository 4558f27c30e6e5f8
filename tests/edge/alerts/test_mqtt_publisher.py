"""Against a real mosquitto."""

import json
import logging
import shutil
import signal
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ocrgan_edge.alerts import connection, mqtt_publisher
from ocrgan_edge.alerts.backlog import Limits
from ocrgan_edge.alerts.broker import BrokerFiles, parse_broker
from ocrgan_edge.alerts.event import Event, ScoreMessage, Shares, to_json
from ocrgan_edge.alerts.mqtt_publisher import MqttPublisher
from ocrgan_edge.alerts.outbox import Outbox
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.errors import BrokerError
from ocrgan_edge.service.demo_broker import running_broker

pytestmark = pytest.mark.mosquitto
NOWHERE = "mqtt://127.0.0.1:1"


class Publishers:
    """Makes publishers and remembers what they reported."""

    def __init__(self) -> None:
        self.refused: list[BrokerError] = []
        self.made: list[MqttPublisher] = []
        self.path: Path | None = None

    def __call__(self, url: str, backlog: int = 100, **broker: Any) -> MqttPublisher:
        publisher = MqttPublisher(
            parse_broker(url, broker.pop("environment", {}), **broker),
            Topics("ocrgan", "attic"),
            Outbox(self.path, "attic", Limits(messages=backlog)),
            self.refused.append,
        )
        self.made.append(publisher)
        return publisher


@pytest.fixture
def publishers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publishers]:
    monkeypatch.setattr(mqtt_publisher, "FLUSH_SECONDS", 0.5)
    monkeypatch.setattr(mqtt_publisher, "GOODBYE_SECONDS", 0.5)
    monkeypatch.setattr(connection, "SHORTEST_WAIT", 0.1)
    made = Publishers()
    yield made
    for publisher in made.made:
        publisher.close()


def a_score(value: float) -> ScoreMessage:
    shares = Shares(texture=1, shape=0, motion=0, feature=0, patch=0)
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return ScoreMessage(score=value, threshold=2, time=now, media_time=0, shares=shares)


def sequence(payloads: list[str]) -> list[int]:
    return [json.loads(payload)["seq"] for payload in payloads]


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_online_then_events_then_stopped(
    mosquitto, listen, publishers: Publishers, make_event: Callable[..., Event], version: str
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
    mosquitto, listen, publishers: Publishers, make_event: Callable[..., Event]
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
    mosquitto, listen, publishers: Publishers, make_event: Callable[..., Event]
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
    mosquitto, listen, publishers: Publishers, make_event: Callable[..., Event]
) -> None:
    mosquitto.stop()
    publisher = publishers(mosquitto.url)
    publisher.publish_event(make_event("new"))
    mosquitto.start()
    listener = listen(mosquitto.port)
    listener.wait_for("events", '"seq":1')
    listener.wait_for("available", "online")


def test_a_broker_that_stays_away_is_worth_one_warning(
    publishers: Publishers, caplog: pytest.LogCaptureFixture
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
    mosquitto, listen, publishers: Publishers, make_event: Callable[..., Event]
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
    publishers: Publishers, make_event: Callable[..., Event], caplog: pytest.LogCaptureFixture
) -> None:
    publisher = publishers(NOWHERE)
    publisher.publish_event(make_event("new"))
    publisher.close()
    assert "1 event messages did not reach the broker before the stop" in caplog.messages


def test_a_wrong_password_is_reported_for_good(
    make_mosquitto, publishers: Publishers, tmp_path: Path
) -> None:
    (tmp_path / "users").write_text("")
    mosquitto = make_mosquitto(f"allow_anonymous false\npassword_file {tmp_path / 'users'}")
    publishers(
        mosquitto.url.replace("://", "://me@"), environment={"OCRGAN_MQTT_PASSWORD": "s3cret"}
    )
    wait_for_refusal(publishers)
    assert str(publishers.refused[0]) == (
        f"broker {mosquitto.url} refuses user 'me': not authorized"
    )


def wait_for_refusal(publishers: Publishers) -> None:
    end = time.monotonic() + 5
    while not publishers.refused and time.monotonic() < end:
        time.sleep(0.02)
    assert publishers.refused


@pytest.fixture
def old_broker() -> Iterator[int]:
    """Answers as MQTT 3.1.1 (3.1.2.2) demands of who does not know the version asked for."""

    class Refuse(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1024)
            self.request.sendall(b"\x20\x02\x00\x01")

    with socketserver.TCPServer(("127.0.0.1", 0), Refuse) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_broker_without_mqtt_5_is_reported_with_the_option_that_helps(
    old_broker: int, publishers: Publishers
) -> None:
    publishers(f"mqtt://127.0.0.1:{old_broker}")
    wait_for_refusal(publishers)
    assert str(publishers.refused[0]) == (
        f"broker mqtt://127.0.0.1:{old_broker} does not speak MQTT 5: use --mqtt-version 3.1.1"
    )


@pytest.mark.slow
def test_a_broker_that_chokes_on_mqtt_5_is_worth_a_hint(
    publishers: Publishers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "KEEP_ALIVE", 1)  # how long an answer may take
    with running_broker() as port:
        publisher = publishers(f"mqtt://127.0.0.1:{port}")
        publisher._connection._client._thread.join(2.5)
        publisher.close()
    assert "does not answer (does it speak MQTT 5? if not: --mqtt-version 3.1.1)" in caplog.text


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Signs itself for localhost; its key lies beside it."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
    return tmp_path / "cert.pem"


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    make_mosquitto, publishers: Publishers, certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = make_mosquitto(tls_settings(certificate))
    publishers(f"mqtts://localhost:{broker.port}").close()
    assert "CERTIFICATE_VERIFY_FAILED" in caplog.messages[0]


def test_a_certificate_that_the_ca_file_vouches_for_is_trusted(
    make_mosquitto, publishers: Publishers, certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = make_mosquitto(tls_settings(certificate))
    with caplog.at_level(logging.INFO):
        publishers(f"mqtts://localhost:{broker.port}", files=BrokerFiles(ca=certificate)).close()
    assert caplog.messages == [f"connected to broker mqtts://localhost:{broker.port} (MQTT 5)"]


def test_a_client_certificate_is_shown_to_a_broker_that_wants_one(
    make_mosquitto, publishers: Publishers, certificate: Path, listen
) -> None:
    wanted = f"require_certificate true\ncafile {certificate}\nuse_identity_as_username true"
    broker = make_mosquitto(f"{tls_settings(certificate)}\n{wanted}")
    files = BrokerFiles(None, certificate, certificate, certificate.with_name("key.pem"))
    publisher = publishers(f"mqtts://localhost:{broker.port}", files=files)
    publisher.publish_once("x", "y")
    wait_for(lambda: publisher._open)


def test_a_key_that_does_not_fit_its_certificate_is_refused_at_once(
    publishers: Publishers, certificate: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.pem").write_text("no key")
    files = BrokerFiles(None, None, certificate, tmp_path / "other.pem")
    with pytest.raises(BrokerError, match="cannot be used with its key"):
        publishers("mqtts://localhost", files=files)


@pytest.mark.parametrize("path", ["", "/any/path"])
def test_websockets(
    make_mosquitto, publishers: Publishers, make_event: Callable[..., Event], path: str
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    make_mosquitto(f"allow_anonymous true\nlistener {port}\nprotocol websockets")
    publisher = publishers(f"ws://127.0.0.1:{port}{path}")
    publisher.publish_event(make_event("end"))
    wait_for(lambda: publisher._open and publisher.stats().depth == 0)
    publisher.close()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_commands_are_heard_but_not_those_said_before(
    mosquitto, listen, publishers: Publishers, version: str
) -> None:
    say(mosquitto, "ocrgan/attic/door/enabled/set", "OFF", "-r")
    say(mosquitto, "homeassistant/status", "online", "-r")
    heard: list[tuple[str, bytes]] = []
    publisher = publishers(mosquitto.url, version=version)
    publisher.listen(["ocrgan/attic/+/+/set"], lambda *message: heard.append(message))
    publisher.listen(["homeassistant/status"], lambda *m: heard.append(m), retained=True)
    wait_for(lambda: heard)
    say(mosquitto, "ocrgan/attic/door/threshold/set", "3")
    wait_for(lambda: len(heard) == 2)
    assert heard == [
        ("homeassistant/status", b"online"),
        ("ocrgan/attic/door/threshold/set", b"3"),
    ]


def test_commands_are_heard_after_a_reconnect(mosquitto, listen, publishers: Publishers) -> None:
    heard: list[tuple[str, bytes]] = []
    publisher = publishers(mosquitto.url)
    publisher.listen(["ocrgan/attic/+/+/set"], lambda *message: heard.append(message))
    wait_for(lambda: publisher._open)
    mosquitto.stop()
    mosquitto.start()
    wait_for(lambda: publisher.reconnects == 1)
    wait_for(lambda: say(mosquitto, "ocrgan/attic/door/enabled/set", "ON") or heard)


def test_a_fault_in_a_listener_ends_neither_thread(
    mosquitto, listen, publishers: Publishers, caplog: pytest.LogCaptureFixture,
    make_event: Callable[..., Event],
) -> None:  # fmt: skip
    listener = listen(mosquitto.port)
    publisher = publishers(mosquitto.url)
    publisher.listen(["x"], lambda *_: 1 // 0)
    wait_for(lambda: say(mosquitto, "x", "") or "goes on after an error" in caplog.text)
    publisher.publish_event(make_event("new"))
    listener.wait_for("events", '"seq":1')


def test_an_event_that_the_broker_refuses_is_kept_and_tried_again(
    make_mosquitto,
    listen,
    publishers: Publishers,
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
    wait_for(lambda: publisher._refused_until > 0)
    assert publisher.stats().depth == 1
    rights.write_text("topic readwrite #\n")
    mosquitto._process.send_signal(signal.SIGHUP)
    listen(mosquitto.port).wait_for("events", '"seq":1')
    wait_for(lambda: publisher.stats().depth == 0)


def test_an_event_that_no_topic_can_carry_is_counted_and_holds_up_nothing(
    mosquitto, listen, publishers: Publishers, make_event: Callable[..., Event]
) -> None:
    listener = listen(mosquitto.port)
    publisher = publishers(mosquitto.url)
    publisher.publish_event(make_event("new").model_copy(update={"camera": "#"}))
    publisher.publish_event(make_event("end"))
    listener.wait_for("events", '"seq":2')
    wait_for(lambda: publisher.stats().depth == 0)
    assert publisher.stats().dropped == 1


def test_what_was_on_disk_at_the_stop_goes_out_at_the_next_start(
    mosquitto, listen, publishers: Publishers, make_event: Callable[..., Event], tmp_path: Path,
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


def wait_for(true: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def tls_settings(certificate: Path) -> str:
    key = certificate.with_name("key.pem")
    return f"allow_anonymous true\ncertfile {certificate}\nkeyfile {key}"
