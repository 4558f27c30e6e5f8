from __future__ import annotations

import gc
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Mosquitto

from ocrgan_edge.alerts.broker import parse_broker
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.doctor.broker import check_broker
from ocrgan_edge.doctor.finding import Finding

TOPICS = Topics("ocrgan", "attic")


def asked(url: str, **environment: str) -> Finding:
    return check_broker(parse_broker(url, environment), TOPICS, seconds=30)


@pytest.mark.mosquitto
def test_a_broker_that_answers_is_ok_and_hears_nothing_of_us(
    mosquitto: Mosquitto, listen: Callable[[int], Any]
) -> None:
    listener = listen(mosquitto.port)
    found = asked(mosquitto.url)
    assert found.state == "ok"
    assert found.value.startswith(f"connected to {mosquitto.url} in ")
    assert listener.heard == []


@pytest.mark.mosquitto
def test_a_daemon_of_this_node_stays_connected(mosquitto: Mosquitto) -> None:
    with socket.create_connection(("127.0.0.1", mosquitto.port)) as daemon:
        name = b"ocrgan-attic"
        # CONNECT of MQTT 3.1.1 with the daemon's client identifier, clean session, 60 s.
        body = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(name).to_bytes(2) + name
        daemon.sendall(b"\x10" + bytes([len(body)]) + body)
        assert daemon.recv(4) == b"\x20\x02\x00\x00"
        asked(mosquitto.url)
        daemon.sendall(b"\xc0\x00")  # PINGREQ
        assert daemon.recv(2) == b"\xd0\x00"


@pytest.mark.slow
@pytest.mark.mosquitto
def test_a_wrong_password_is_denied(
    make_mosquitto: Callable[[str], Mosquitto], tmp_path: Path
) -> None:
    (tmp_path / "users").write_text("")
    broker = make_mosquitto(f"allow_anonymous false\npassword_file {tmp_path / 'users'}")
    found = asked(broker.url.replace("://", "://me@"), OCRGAN_MQTT_PASSWORD="s3cret")
    assert found.state == "failed"
    assert found.data["problem"] == "denied"
    assert "refuses user 'me'" in found.value
    assert "s3cret" not in found.model_dump_json()


@pytest.mark.slow
def test_a_port_that_nobody_listens_on_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = asked(f"mqtt://127.0.0.1:{taken.getsockname()[1]}")
    assert found.data["problem"] == "refused"
    assert found.advice == "start the broker, or correct the port"


@pytest.mark.slow
def test_a_name_that_nobody_has_is_unknown() -> None:
    assert asked("mqtt://no-such-host.invalid").data["problem"] == "unknown_host"


@pytest.fixture
def mute() -> Iterator[int]:
    """Takes what comes and hangs up."""

    class HangUp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1024)

    with socketserver.TCPServer(("127.0.0.1", 0), HangUp) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.slow
def test_something_that_speaks_no_mqtt_is_silent(mute: int) -> None:
    assert asked(f"mqtt://127.0.0.1:{mute}").data["problem"] == "silent"


@pytest.mark.slow
# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_port_without_tls_is_told_apart(mute: int) -> None:
    found = asked(f"mqtts://127.0.0.1:{mute}")
    gc.collect()
    assert found.data["problem"] == "tls"
    assert found.advice
    assert "mqtts:// or mqtt://" in found.advice
