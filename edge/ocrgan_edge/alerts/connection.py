"""One node's connection to its broker: protocol, last will, TLS, back-off, and what is logged."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from paho.mqtt.client import (
    MQTT_CLEAN_START_FIRST_ONLY,
    Client,
    ConnectFlags,
    DisconnectFlags,
    MQTTMessage,
)
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from ocrgan_edge.alerts.broker import Broker
from ocrgan_edge.errors import BrokerError

ONLINE, OFFLINE, STOPPED = "online", "offline", "stopped"
KEEP_ALIVE = 30
"""Seconds; a node that fell silent is declared `offline` after one and a half of them."""
SHORTEST_WAIT, LONGEST_WAIT = 1, 5
"""Seconds between two attempts to reach a broker: doubled from one attempt to the next."""
STOP_SECONDS = 1.0
"""How long a broker that does not listen can hold up our leaving."""
VERSIONS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}
FOR_GOOD = {
    "Unsupported protocol version",
    "Bad user name or password",
    "Not authorized",
    "Banned",
    "Client identifier not valid",
}
"""Refusals that trying again does not change."""
OnMessage = Callable[[str, bytes], None]
"""Called with topic and payload."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subscription:
    """What to listen to, and who listens."""

    topics: tuple[str, ...]
    retained: bool
    """Whether to hear what was said before."""
    on_message: OnMessage
    """Called in paho's network thread."""


class Connection:
    """Connects when it can, again and again; tells its owner through the four `on_…` functions.

    They are called in paho's network thread, which may hold paho's locks: they must not publish.
    A broker that stays away is worth one warning, not one per attempt.
    """

    on_connected: Callable[[], None]
    on_lost: Callable[[], None]
    on_acknowledged: Callable[[int, bool], None]
    """With the message's number, and whether the broker took it."""
    on_refused: Callable[[BrokerError], None]

    def __init__(self, broker: Broker, will_topic: str, identity: str) -> None:
        """Prepares the client; nothing is sent before `start`.

        Raises:
            BrokerError: the CA file holds no certificates.
        """
        self.away = False
        """Whether the last attempt failed or the connection was lost."""
        self.trouble: tuple[str, type] = "", type(None)
        """What went wrong last, in a sentence, and the class of the exception behind it."""
        self._broker = broker
        self._ever_connected = False
        self._unanswered = False
        self._refusal_told = False
        self.reconnects = 0
        """How often the broker was found again."""
        self._closed = threading.Event()
        self._closed.set()
        self._subscriptions: list[Subscription] = []
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=identity,
            protocol=VERSIONS[broker.version],
            transport="tcp" if broker.path is None else "websockets",
        )
        if broker.path is not None:
            self._client.ws_set_options(broker.path)
        self._client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            self._client.tls_set_context(_trust(broker))
        self._client.will_set(will_topic, OFFLINE, qos=1, retain=True)
        self._client.reconnect_delay_set(SHORTEST_WAIT, LONGEST_WAIT)
        self._client.on_pre_connect = self._asking
        self._client.on_connect = self._answered
        self._client.on_connect_fail = self._unreachable
        self._client.on_disconnect = self._disconnected
        self._client.on_publish = self._published

    def start(self) -> None:
        """Begins to connect, in paho's thread."""
        # No session of ours stays at the broker. What we say waits here, in the outbox; what we
        # are told while away would be obeyed hours too late.
        fresh = True if self._broker.version == "5" else MQTT_CLEAN_START_FIRST_ONLY
        self._client.connect_async(
            self._broker.host, self._broker.port, KEEP_ALIVE, clean_start=fresh
        )
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnects as one who leaves on purpose: the last will is not published."""
        self._client.disconnect()
        if not self._closed.wait(STOP_SECONDS):
            self._cut()
        self._client.loop_stop()

    def drop(self, reason: str) -> None:
        """Gives a connection up that is held for dead, to make a new one."""
        self._warn_once(f"broker {self._broker} {reason}")
        self._cut()

    def subscribe(self, subscription: Subscription) -> None:
        """Listens, now and after every connect; any thread may call."""
        for topic in subscription.topics:
            self._client.message_callback_add(topic, _hearer(subscription))
        self._subscriptions.append(subscription)
        if self._client.is_connected():
            self._ask_for(subscription)

    def publish(self, topic: str, payload: str | bytes, qos: int = 1, retain: bool = True) -> int:
        """Hands a message to paho; the number comes back in `on_acknowledged`."""
        return self._client.publish(topic, payload, qos=qos, retain=retain).mid

    def _ask_for(self, subscription: Subscription) -> None:
        if self._broker.version == "3.1.1":
            self._client.subscribe([(topic, 1) for topic in subscription.topics])
            return
        options = SubscribeOptions(qos=1, retainHandling=0 if subscription.retained else 2)
        self._client.subscribe([(topic, options) for topic in subscription.topics])

    def _cut(self) -> None:
        # Of a copy of the descriptor, for paho's own socket belongs to its thread: that one reads
        # the end of the stream, whatever is wrapped around it (TLS, websocket).
        if (ours := self._client.socket()) is not None:
            with suppress(OSError), socket.socket(fileno=os.dup(ours.fileno())) as copy:
                copy.shutdown(socket.SHUT_RDWR)

    def _asking(self, _: Client, __: object) -> None:
        self._unanswered = True

    def _answered(
        self, _: Client, __: object, ___: ConnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        self._unanswered = False
        if not reason.is_failure:
            _log.info("connected to broker %s (MQTT %s)", self._broker, self._broker.version)
            self.reconnects += self._ever_connected
            self._ever_connected, self.away, self._refusal_told = True, False, False
            self._closed.clear()
            self.on_connected()
            for subscription in self._subscriptions:
                self._ask_for(subscription)
            return
        error = _refusal(self._broker, reason.getName())
        self._warn_once(str(error))
        if not self._ever_connected and reason.getName() in FOR_GOOD:
            self.on_refused(error)

    def _unreachable(self, _: Client, __: object) -> None:
        # paho calls this inside its except block, the only way to learn what happened.
        self._warn_once(f"broker {self._broker} cannot be reached ({sys.exception()})")

    def _disconnected(
        self,
        _: Client,
        __: object,
        ___: DisconnectFlags,
        reason: ReasonCode,
        ____: Properties | None,
    ) -> None:
        if self._unanswered:
            hint = " (does it speak MQTT 5? if not: --mqtt-version 3.1.1)"
            hint = hint if self._broker.version == "5" else ""
            self._warn_once(f"broker {self._broker} does not answer{hint}")
        elif reason.is_failure:
            self._warn_once(f"connection to broker {self._broker} lost ({reason.getName()})")
        self._closed.set()
        self.on_lost()

    def _published(
        self, _: Client, __: object, mid: int, reason: ReasonCode, ___: Properties
    ) -> None:
        if reason.is_failure and not self._refusal_told:
            self._refusal_told = True
            _log.warning("broker %s refused a message: %s", self._broker, reason.getName())
        self.on_acknowledged(mid, not reason.is_failure)

    def _warn_once(self, what: str) -> None:
        self.trouble = what, type(sys.exception())  # which itself would hold the socket
        if not self.away:
            _log.warning("%s; scoring goes on, events wait, trying again", what)
        self.away = True


def _hearer(subscription: Subscription) -> Callable[[Client, object, MQTTMessage], None]:
    def hear(_: Client, __: object, message: MQTTMessage) -> None:
        # A broker of MQTT 3.1.1 sends retained messages to everyone who subscribes.
        if subscription.retained or not message.retain:
            subscription.on_message(message.topic, bytes(message.payload))

    return hear


def _refusal(broker: Broker, reason: str) -> BrokerError:
    if reason == "Unsupported protocol version":
        return BrokerError(
            f"broker {broker} does not speak MQTT {broker.version}: use --mqtt-version 3.1.1"
        )
    user = "a client without a user name" if broker.user is None else f"user {broker.user!r}"
    return BrokerError(f"broker {broker} refuses {user}: {reason.lower()}")


def _trust(broker: Broker) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=broker.files.ca)
    except OSError as error:
        raise BrokerError(f"CA file {broker.files.ca} cannot be used ({error})") from error
    if certificate := broker.files.certificate:
        try:
            # A key that wants a passphrase must not make a daemon wait at a prompt.
            context.load_cert_chain(certificate, broker.files.key, password="")
        except OSError as error:
            raise BrokerError(
                f"client certificate {certificate} cannot be used with its key ({error})"
            ) from error
    return context
