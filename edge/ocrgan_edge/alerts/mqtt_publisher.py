"""Publishes over MQTT; what must not be lost waits while the broker is away.

One thread owns all state. Cameras and paho's network thread only put jobs into its inbox, so no
lock is ever held while paho is called (paho calls back with its own locks held).

paho sends again what the broker had not acknowledged when a connection broke. Retained states and
waiting events are therefore handed over only once the broker has acknowledged `online`: whatever
paho repeats has gone out by then, and order holds.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from ocrgan_edge.alerts.backlog import Backlog, Waiting
from ocrgan_edge.alerts.broker import Broker
from ocrgan_edge.alerts.connection import OFFLINE, ONLINE, STOPPED, Connection
from ocrgan_edge.alerts.event import Event, to_json
from ocrgan_edge.alerts.publisher import Numbering, QoS
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.errors import BrokerError

IN_FLIGHT = 10
"""Event messages given to paho and not yet acknowledged, at most."""
BACKLOG = 1000
"""Event messages that wait for the broker, at most; about 1 kB each."""
FLUSH_SECONDS = 5.0
"""How long `close` waits for the broker's acknowledgements."""
_log = logging.getLogger(__name__)


class MqttPublisher:
    """A `Publisher` that connects when it can and stays connected."""

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        numbering: Numbering,
        on_refused: Callable[[BrokerError], None],
        backlog: int = BACKLOG,
    ) -> None:
        """Starts to connect and returns at once.

        Args:
            broker: where to.
            topics: the node's topics.
            numbering: numbers the event messages.
            on_refused: called if the broker refuses the first connection in a way that trying
                again will not change; later refusals are only logged.
            backlog: event messages that may wait.

        Raises:
            BrokerError: the CA file cannot be used.
        """
        self._topics = topics
        self._numbering = numbering
        self._backlog = Backlog(backlog)
        self._retained: dict[str, tuple[str | bytes, QoS]] = {}
        self._in_flight: set[int] = set()
        self._online: int | None = None
        self._said: int | None = None
        self._open = False
        self._last_word = ""
        self._flushed = threading.Event()
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._connection = Connection(broker, topics.available, f"{topics.prefix}-{topics.node}")
        self._connection.on_refused = on_refused
        self._connection.on_connected = lambda: self._inbox.put(self._connected)
        self._connection.on_lost = lambda: self._inbox.put(self._lost)
        self._connection.on_acknowledged = lambda mid: self._inbox.put(
            lambda: self._acknowledged(mid)
        )
        self._thread = threading.Thread(target=self._work, name="publisher", daemon=True)
        self._thread.start()
        self._connection.start()

    def publish_event(self, event: Event) -> None:
        """Takes an event message; it waits in memory until the broker has acknowledged it."""
        self._inbox.put(lambda: self._add(event))

    def publish_state(self, topic: str, payload: str | bytes, qos: QoS = 1) -> None:
        """Sets a retained topic now, or when the broker is back if nothing newer has come."""
        self._inbox.put(lambda: self._retain(topic, payload, qos))

    def publish_once(self, topic: str, payload: str) -> None:
        """Says it now, or never while the broker is away."""
        self._inbox.put(lambda: self._say(topic, payload))

    def close(self, clean: bool = True) -> None:
        """Sends what waits and `stopped` (or `offline`), for up to FLUSH_SECONDS; disconnects."""
        self._inbox.put(lambda: self._say_goodbye(STOPPED if clean else OFFLINE))
        self._flushed.wait(FLUSH_SECONDS)
        self._inbox.put(None)
        self._thread.join()
        if left := len(self._backlog) + len(self._in_flight):
            _log.warning("%d event messages did not reach the broker before the stop", left)
        self._connection.stop()

    # What follows runs in the publisher's own thread.

    def _work(self) -> None:
        while job := self._inbox.get():
            job()
            self._send_waiting()

    def _connected(self) -> None:
        self._said = None
        self._online = self._connection.publish(self._topics.available, ONLINE)

    def _lost(self) -> None:
        self._open = False

    def _acknowledged(self, mid: int) -> None:
        self._in_flight.discard(mid)
        if mid == self._online:
            self._open = True
            for topic, (payload, qos) in self._retained.items():
                self._connection.publish(topic, payload, qos)
        if mid == self._said:
            self._flushed.set()

    def _add(self, event: Event) -> None:
        message = self._numbering.stamp(event, self._backlog.dropped)
        topic = self._topics.events(event.camera)
        self._backlog.add(Waiting(topic, to_json(message), event.type))

    def _say(self, topic: str, payload: str) -> None:
        if self._open:
            self._connection.publish(topic, payload, retain=False)

    def _retain(self, topic: str, payload: str | bytes, qos: QoS) -> None:
        self._retained[topic] = payload, qos
        if self._open:
            self._connection.publish(topic, payload, qos)

    def _say_goodbye(self, last_word: str) -> None:
        self._last_word = last_word

    def _send_waiting(self) -> None:
        while self._open and len(self._in_flight) < IN_FLIGHT and (message := self._backlog.take()):
            sent = self._connection.publish(message.topic, message.payload, retain=False)
            self._in_flight.add(sent)
        if self._last_word and not self._backlog and not self._in_flight:
            self._finish()

    def _finish(self) -> None:
        if self._open and self._said is None:
            self._said = self._connection.publish(self._topics.available, self._last_word)
        if self._connection.away:
            self._flushed.set()
