"""Can the broker be reached, by the daemon's own way of connecting?"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time

from ocrgan_edge.alerts.broker import Broker
from ocrgan_edge.alerts.connection import Connection
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.doctor.finding import Finding
from ocrgan_edge.errors import BrokerError

SECONDS = 10.0
"""How long an answer may take."""
ADVICE = {
    "denied": "check user, password and rights of this node at the broker",
    "refused": "start the broker, or correct the port",
    "silent": "check whether the port speaks MQTT, with or without TLS as in the address",
    "tls": "check mqtts:// or mqtt://, the CA file, the broker's certificate and the clock",
    "unknown_host": "correct the broker's name, or repair name resolution",
    "unreachable": "check network, firewall and address",
}


def check_broker(broker: Broker, topics: Topics, seconds: float = SECONDS) -> Finding:
    """Connects once and leaves.

    As another client than the daemon, which so is not thrown out, and with another last will.
    """
    try:
        probe = _Probe(broker, topics)
    except BrokerError as error:
        return _finding(broker, "tls", str(error))
    with_answer = probe.ask(seconds)
    if with_answer is None:
        value = f"connected to {broker} in {probe.seconds * 1000:.0f} ms (MQTT {broker.version})"
        data = {"address": str(broker), "problem": None}
        return Finding(about="broker", name="broker", state="ok", value=value, data=data)
    return _finding(broker, *with_answer)


class _Probe:
    def __init__(self, broker: Broker, topics: Topics) -> None:
        identity = f"{topics.prefix}-{topics.node}-doctor-{os.getpid()}"
        # Below the node's own topics, which is all that its rights allow.
        self._connection = Connection(broker, f"{topics.prefix}/{topics.node}/doctor", identity)
        self._connected = threading.Event()
        self._refusal: BrokerError | None = None
        self._broker = broker
        self._connection.on_connected = self._connected.set
        self._connection.on_lost = lambda: None
        self._connection.on_acknowledged = lambda _number, _taken: None
        self._connection.on_refused = self._refuse
        self.seconds = 0.0
        """How long it took."""

    def ask(self, seconds: float) -> tuple[str, str] | None:
        """None if connected, else the kind of trouble and a sentence."""
        start = time.monotonic()
        self._connection.start()
        try:
            while time.monotonic() - start < seconds:
                if self._connected.wait(0.02):
                    self.seconds = time.monotonic() - start
                    return None
                if trouble := self._trouble():
                    return trouble
            return "unreachable", f"broker {self._broker} gives no answer within {seconds:g} s"
        finally:
            self._connection.stop()

    def _refuse(self, error: BrokerError) -> None:
        self._refusal = error

    def _trouble(self) -> tuple[str, str] | None:
        if self._refusal is not None:
            return "denied", str(self._refusal)
        sentence, cause = self._connection.trouble
        return (_kind(sentence, cause), sentence) if sentence else None


def _kind(sentence: str, cause: type) -> str:
    kinds: tuple[tuple[type[BaseException], str], ...] = (
        (ssl.SSLError, "tls"),
        (ConnectionRefusedError, "refused"),
        (socket.gaierror, "unknown_host"),
        (OSError, "unreachable"),
    )
    for error, kind in kinds:
        if issubclass(cause, error):
            return kind
    return "denied" if "refuses" in sentence else "silent"


def _finding(broker: Broker, kind: str, sentence: str) -> Finding:
    return Finding(
        about="broker",
        name="broker",
        state="failed",
        value=sentence,
        advice=ADVICE[kind],
        data={"address": str(broker), "problem": kind},
    )
