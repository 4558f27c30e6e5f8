"""The broker stopped, killed, hung and cut off, with a real mosquitto."""

from __future__ import annotations

import json
import os
import runpy
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ocrgan_edge.alerts import in_flight, mqtt_publisher
from ocrgan_edge.alerts.broker import parse_broker
from ocrgan_edge.alerts.event import Event
from ocrgan_edge.alerts.mqtt_publisher import MqttPublisher
from ocrgan_edge.alerts.outbox import Outbox
from ocrgan_edge.alerts.topics import Topics

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow]
LONG = os.environ.get("OCRGAN_FAULTS") == "long"
# What the broker has taken it passes on at once: what it still holds dies with it.
PATIENT = "allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0"
Make = Callable[..., Any]


step: Callable[..., Event] = runpy.run_path(str(Path(__file__).parent / "outbox" / "driver.py"))[
    "step"
]


@pytest.fixture
def publish(tmp_path: Path) -> Iterator[Callable[[str], MqttPublisher]]:
    """Gives a publisher with its outbox on disk."""
    publishers: list[MqttPublisher] = []

    def make(url: str) -> MqttPublisher:
        outbox = Outbox(tmp_path / "outbox.sqlite", "attic")
        broker, topics = parse_broker(url, {}), Topics("ocrgan", "attic")
        publishers.append(MqttPublisher(broker, topics, outbox, pytest.fail))
        return publishers[-1]

    yield make
    for publisher in publishers:
        publisher.close()


def wait_until(true: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


def events_of(payloads: list[str]) -> list[str]:
    return [json.loads(payload)["event_id"] for payload in payloads]


def test_a_backlog_of_10000_is_drained_within_a_minute_while_live_alerts_are_not_late(
    make_mosquitto: Make, publish: Make, tmp_path: Path
) -> None:
    earlier = Outbox(tmp_path / "outbox.sqlite", "attic")
    earlier.open()
    began = time.monotonic()
    for number in range(10_000):
        earlier.add(step("end", f"old {number}"))
    earlier.close()
    written = time.monotonic() - began
    arrived: dict[str, float] = {}
    client = subscriber(
        lambda text: arrived.setdefault(json.loads(text)["event_id"], time.monotonic())
    )
    broker = make_mosquitto(PATIENT)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    wait_until(client.is_connected, 5)
    raised: dict[str, float] = {}
    began = time.monotonic()
    publisher = publish(broker.url)
    while sum(event.startswith("old") for event in list(arrived)) < 10_000:
        assert time.monotonic() - began < 60
        event = f"live {len(raised)}"
        raised[event] = time.monotonic()
        publisher.publish_event(step("end", event))
        time.sleep(0.02)
    drained = time.monotonic() - began
    wait_until(lambda: raised.keys() <= arrived.keys(), 10)
    client.disconnect()
    client.loop_stop()
    late = sorted(arrived[event] - raised[event] for event in raised)
    old = [event for event in arrived if event.startswith("old")]
    assert old == [f"old {number}" for number in range(10_000)]
    assert late[-1] <= 5
    print(
        f"10000 written in {written:.2f} s, drained in {drained:.1f} s; {len(late)} live alerts "
        f"late: median {statistics.median(late) * 1000:.0f} ms, most {late[-1] * 1000:.0f} ms"
    )


def subscriber(on_event: Callable[[bytes], Any], transport: Any = "tcp") -> Client:
    client = Client(
        CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5, transport=transport
    )
    client.on_connect = lambda *_: client.subscribe("+/+/+/events", 1)
    client.on_message = lambda _, __, message: on_event(message.payload)
    return client


def test_a_broker_that_is_killed_again_and_again_gets_every_alert(
    make_mosquitto: Make, publish: Make, listen: Make
) -> None:
    rounds = 50 if LONG else 4
    broker = make_mosquitto(PATIENT)
    listener = listen(broker.port)
    publisher = publish(broker.url)
    # The broker forgets its subscribers when it is killed: ours must be back before the publisher.
    gate = gate_before_connecting(publisher)
    raised: list[str] = []
    over = threading.Event()

    def raise_alerts() -> None:
        while not over.wait(0.01):
            raised.append(f"e{len(raised)}")
            publisher.publish_event(step("end", raised[-1]))

    heard: list[str] = []
    raising = threading.Thread(target=raise_alerts)
    raising.start()
    for number in range(rounds):
        wait_until(lambda listener=listener: len(listener.on("events")) > 20, 20)
        time.sleep(0.2)
        gate.clear()
        kill(broker, signal.SIGKILL if number % 2 else signal.SIGTERM)
        # What the broker has said and our listener has not read yet counts as heard.
        wait_until(lambda listener=listener: not listener._client.is_connected(), 5)
        heard += listener.on("events")
        listener.close()
        broker.start()
        listener = listen(broker.port)
        gate.set()
    over.set()
    raising.join()
    wait_until(lambda: publisher.stats().depth == 0, 30)
    listener.wait_for("events", f'"{raised[-1]}"')
    heard += listener.on("events")
    print(rounds, "kills of the broker:", len(raised), "raised,", len(heard), "heard")
    assert set(events_of(heard)) == set(raised)
    numbers = [json.loads(payload)["seq"] for payload in heard]
    assert list(dict.fromkeys(numbers)) == list(range(1, len(raised) + 1))
    assert len(heard) <= len(raised) + rounds * in_flight.MOST
    assert publisher.reconnects == rounds


def gate_before_connecting(publisher: MqttPublisher) -> threading.Event:
    """Closed, it keeps the publisher from making its next connection."""
    gate = threading.Event()
    gate.set()
    client = publisher._connection._client
    before = client.on_pre_connect

    def wait(*arguments: Any) -> None:
        gate.wait(20)
        before(*arguments)

    client.on_pre_connect = wait
    return gate


def kill(broker: Any, how: int) -> None:
    broker._process.send_signal(how)
    broker._process.wait(10)
    broker._process = None


def test_a_broker_that_hangs_is_given_up_and_found_again(
    make_mosquitto: Make, publish: Make, listen: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not LONG:
        monkeypatch.setattr(mqtt_publisher, "ACKNOWLEDGED_WITHIN", 1.0)
    broker = make_mosquitto(PATIENT)
    listener = listen(broker.port)
    publisher = publish(broker.url)
    listener.wait_for("available", "online")
    broker._process.send_signal(signal.SIGSTOP)
    publisher.publish_event(step("end", "while it hung"))
    wait_until(lambda: publisher._connection.away, 15)
    broker._process.send_signal(signal.SIGCONT)
    listener.wait_for("events", "while it hung")
    wait_until(lambda: publisher.stats().depth == 0, 10)


# --- a network that can be cut ------------------------------------------------------------------

SPACE, HERE, THERE = "ocrgan-test", "10.213.77.1", "10.213.77.2"


def ip(command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["ip", *command.split()], capture_output=True, check=False)


@pytest.fixture
def namespace() -> Iterator[str]:
    """A network of its own, at the other end of a cable."""
    ip(f"netns del {SPACE}")
    if ip(f"netns add {SPACE}").returncode:
        assert "CI" not in os.environ, "CI must be able to make a network namespace"
        pytest.skip("no network namespace can be made (needs root and iproute2)")
    for command in (
        f"link add ocrgan-here type veth peer name ocrgan-there netns {SPACE}",
        f"addr add {HERE}/30 dev ocrgan-here",
        "link set ocrgan-here up",
        f"-n {SPACE} addr add {THERE}/30 dev ocrgan-there",
        f"-n {SPACE} link set ocrgan-there up",
        f"-n {SPACE} link set lo up",
    ):
        done = ip(command)
        assert not done.returncode, (command, done.stderr)
    yield SPACE
    ip(f"netns del {SPACE}")


def test_a_cut_network_is_noticed_and_nothing_is_lost(
    namespace: str, tmp_path: Path, publish: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = 60.0 if LONG else 4.0
    if not LONG:
        monkeypatch.setattr(mqtt_publisher, "ACKNOWLEDGED_WITHIN", 1.5)
    settings = tmp_path / "mosquitto.conf"
    # Our own listener goes through a file, which no cut reaches.
    settings.write_text(
        f"listener 1883 {THERE}\nlistener 0 {tmp_path}/socket\n{PATIENT}\nuser root\n"
    )
    broker = subprocess.Popen(
        ["ip", "netns", "exec", namespace, "mosquitto", "-c", str(settings)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    heard: list[str] = []
    client = subscriber(lambda text: heard.append(text.decode()), "unix")
    try:
        wait_until((tmp_path / "socket").exists, 5)
        client.connect(str(tmp_path / "socket"))
        client.loop_start()
        wait_until(client.is_connected, 5)
        publisher = publish(f"mqtt://{THERE}")
        publisher.publish_event(step("new", "e"))
        wait_until(lambda: len(heard) == 1, 10)
        assert not ip(f"-n {SPACE} link set ocrgan-there down").returncode
        for _ in range(100):
            publisher.publish_event(step("update", "e"))
            time.sleep(cut / 100)
        assert publisher._connection.away
        assert not ip(f"-n {SPACE} link set ocrgan-there up").returncode
        back = time.monotonic()
        publisher.publish_event(step("end", "e"))
        wait_until(lambda: bool(heard) and '"type":"end"' in heard[-1], 20)
        print(f"cut for {cut:.0f} s: all there {time.monotonic() - back:.1f} s after its end")
        numbers = [json.loads(text)["seq"] for text in heard]
        assert list(dict.fromkeys(numbers)) == list(range(1, 103))
    finally:
        client.disconnect()
        client.loop_stop()
        broker.terminate()
        broker.wait(10)
