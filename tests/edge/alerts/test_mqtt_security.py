"""How a broker and its clients show who they are: passwords, protocols, certificates."""

import logging
import os
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import wait_until

from ocrgan_edge.alerts import connection
from ocrgan_edge.alerts.broker import BrokerFiles
from ocrgan_edge.alerts.event import Event
from ocrgan_edge.errors import BrokerError
from ocrgan_edge.service.demo_broker import running_broker

pytestmark = pytest.mark.mosquitto


def test_a_wrong_password_is_reported_for_good(
    make_mosquitto, publishers: Any, tmp_path: Path
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


def wait_for_refusal(publishers: Any) -> None:
    end = time.monotonic() + 60
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
    old_broker: int, publishers: Any
) -> None:
    publishers(f"mqtt://127.0.0.1:{old_broker}")
    wait_for_refusal(publishers)
    assert str(publishers.refused[0]) == (
        f"broker mqtt://127.0.0.1:{old_broker} does not speak MQTT 5: use --mqtt-version 3.1.1"
    )


@pytest.mark.slow
def test_a_broker_that_chokes_on_mqtt_5_is_worth_a_hint(
    publishers: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
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
        assert "CI" not in os.environ, "CI must install openssl: nothing is skipped there"
        pytest.skip("openssl is not installed")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
    return tmp_path / "cert.pem"


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    make_mosquitto, publishers: Any, certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = make_mosquitto(tls_settings(certificate))
    publishers(f"mqtts://localhost:{broker.port}").close()
    assert "CERTIFICATE_VERIFY_FAILED" in caplog.messages[0]


def test_a_certificate_that_the_ca_file_vouches_for_is_trusted(
    make_mosquitto, publishers: Any, certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = make_mosquitto(tls_settings(certificate))
    with caplog.at_level(logging.INFO):
        publishers(f"mqtts://localhost:{broker.port}", files=BrokerFiles(ca=certificate)).close()
    assert caplog.messages == [f"connected to broker mqtts://localhost:{broker.port} (MQTT 5)"]


def test_a_client_certificate_is_shown_to_a_broker_that_wants_one(
    make_mosquitto, publishers: Any, certificate: Path, listen
) -> None:
    wanted = f"require_certificate true\ncafile {certificate}\nuse_identity_as_username true"
    broker = make_mosquitto(f"{tls_settings(certificate)}\n{wanted}")
    files = BrokerFiles(None, certificate, certificate, certificate.with_name("key.pem"))
    publisher = publishers(f"mqtts://localhost:{broker.port}", files=files)
    publisher.publish_once("x", "y")
    wait_until(lambda: publisher._open)


def test_a_key_that_does_not_fit_its_certificate_is_refused_at_once(
    publishers: Any, certificate: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.pem").write_text("no key")
    files = BrokerFiles(None, None, certificate, tmp_path / "other.pem")
    with pytest.raises(BrokerError, match="cannot be used with its key"):
        publishers("mqtts://localhost", files=files)


@pytest.mark.parametrize("path", ["", "/any/path"])
def test_websockets(
    make_mosquitto, publishers: Any, make_event: Callable[..., Event], path: str
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    make_mosquitto(f"allow_anonymous true\nlistener {port}\nprotocol websockets")
    publisher = publishers(f"ws://127.0.0.1:{port}{path}")
    publisher.publish_event(make_event("end"))
    wait_until(lambda: publisher._open and publisher.stats().depth == 0)
    publisher.close()


def tls_settings(certificate: Path) -> str:
    key = certificate.with_name("key.pem")
    return f"allow_anonymous true\ncertfile {certificate}\nkeyfile {key}"
