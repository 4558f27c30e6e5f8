"""Publishes over MQTT; event messages are on disk first and stay there until acknowledged.

One thread owns the outbox and all decisions. Cameras and paho's network thread only ask it for
jobs, so nobody who scores frames waits for disk or network, and no lock is ever held while paho is
called (paho calls back with its own locks held). What piles up while the disk is busy is written
in one transaction.

paho sends again what the broker had not acknowledged when a connection broke. Retained states and
waiting events are therefore handed over only once the broker has acknowledged `online`: whatever
paho repeats has gone out by then, and order holds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from ocrgan_edge.alerts.broker import Broker
from ocrgan_edge.alerts.connection import (
    OFFLINE,
    ONLINE,
    STOPPED,
    Connection,
    OnMessage,
    Subscription,
)
from ocrgan_edge.alerts.event import Event
from ocrgan_edge.alerts.in_flight import InFlight, Sent, window
from ocrgan_edge.alerts.jobs import Jobs
from ocrgan_edge.alerts.messages import OutboxStats
from ocrgan_edge.alerts.outbox import Outbox, Outgoing
from ocrgan_edge.alerts.retained import QoS, RetainedStates, State
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.errors import BrokerError

ACKNOWLEDGED_WITHIN = 10.0
"""Seconds without an acknowledgement after which a connection is held for dead."""
REFUSED_SECONDS = 30.0
"""How long events wait after the broker has refused one."""
FLUSH_SECONDS = 4.0
"""How long `close` waits for what waits to go out."""
GOODBYE_SECONDS = 1.0
"""How long `close` then waits for the last word."""
TICK = 1.0
"""Seconds after which the publisher's thread looks up even if nothing happens."""
_log = logging.getLogger(__name__)


class MqttPublisher:
    """A `Publisher` that connects when it can and stays connected."""

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        outbox: Outbox,
        on_refused: Callable[[BrokerError], None],
    ) -> None:
        """Starts to connect and returns at once.

        Args:
            broker: where to.
            topics: the node's topics.
            outbox: keeps what the broker has not acknowledged; the publisher opens and closes it.
            on_refused: called if the broker refuses the first connection in a way that trying
                again will not change; later refusals are only logged.

        Raises:
            BrokerError: a certificate cannot be used.
        """
        self._topics = topics
        self._outbox = outbox
        self._states = RetainedStates()
        self._in_flight = InFlight()
        self._online: int | None = None
        self._said: int | None = None
        self._connected = self._open = False
        self._refused_until = 0.0
        self._last_word = ""
        self._settling: list[threading.Event] = []
        self._flushed, self._ended = threading.Event(), threading.Event()
        self._jobs = Jobs()
        self._connection = Connection(broker, topics.available, f"{topics.prefix}-{topics.node}")
        self._connection.on_refused = on_refused
        self._connection.on_connected = partial(self._jobs.put, self._say_online)
        self._connection.on_lost = partial(self._jobs.put, self._lost)
        self._connection.on_acknowledged = lambda mid, fine: self._jobs.put(
            lambda: self._acknowledged(mid, fine)
        )
        self.on_turn: Callable[[], None] = lambda: None
        """Called in the publisher's thread whenever that gets on, once a second at least."""
        self._thread = threading.Thread(target=self._work, name="publisher", daemon=True)
        self._thread.start()
        self._connection.start()

    def publish_event(self, event: Event) -> None:
        """Takes an event message; it is on disk soon and with the broker when that is there."""
        self._jobs.offer(lambda: self._outbox.add(event), count=True)

    def publish_state(self, topic: str, payload: str | bytes, qos: QoS = 1) -> None:
        """Sets a retained topic now, or when the broker is back if nothing newer has come."""
        if self._states.put(State(topic, payload, qos)):
            self._jobs.put(lambda: None)  # it looks for what to send after any job

    def publish_once(self, topic: str, payload: str) -> None:
        """Says it now, or never while the broker is away."""
        self._jobs.offer(lambda: self._say(topic, payload))

    def listen(
        self, topics: Sequence[str], on_message: OnMessage, *, retained: bool = False
    ) -> None:
        """Subscribes, now and on every connect.

        Args:
            topics: may hold wildcards.
            on_message: called with topic and payload in the publisher's thread, so it must be
                quick; it may publish. While 10,000 jobs wait, messages are thrown away.
            retained: whether to be told what was said before the subscription. Not for commands:
                they would be obeyed again at every connect.
        """
        hear = partial(self._hear, on_message)
        self._connection.subscribe(Subscription(tuple(topics), retained, hear))

    def wait_until_safe(self, seconds: float) -> bool:
        """Waits until all events handed over before are in the outbox; False if not in time."""
        settled = threading.Event()
        self._jobs.put(lambda: self._settling.append(settled))
        return settled.wait(seconds)

    def stats(self) -> OutboxStats:
        """How many messages wait, were dropped … ; any thread may ask at any time."""
        return self._outbox.stats

    @property
    def reconnects(self) -> int:
        """How often the broker was found again."""
        return self._connection.reconnects

    def close(self, clean: bool = True) -> None:
        """Sends what waits and `stopped` (or `offline`), for up to five seconds; disconnects.

        What has not gone out by then stays in the outbox for the next start.
        """
        last_word = STOPPED if clean else OFFLINE
        self._jobs.put(lambda: setattr(self, "_last_word", last_word))
        if not self._flushed.wait(FLUSH_SECONDS):
            self._jobs.put(self._finish)
            self._flushed.wait(GOODBYE_SECONDS)
        self._jobs.put(self._ended.set)
        self._thread.join(FLUSH_SECONDS)
        if left := self.stats().depth:
            kept = "; they are kept for the next start" if self._outbox.lasts else ""
            _log.warning("%d event messages did not reach the broker before the stop%s", left, kept)
        self._connection.stop()

    # What follows runs in the publisher's own thread.

    def _work(self) -> None:
        self._outbox.open()
        while not self._ended.is_set():
            try:
                self._turn()
                self.on_turn()
            except Exception:
                # A fault of ours must not end all alerts; it is told each time.
                _log.exception("the publisher's thread goes on after an error")
        self._outbox.close()

    def _turn(self) -> None:
        self._jobs.do(TICK)
        self._outbox.lose(self._jobs.turned_away())
        outgoing = self._take_events()
        self._outbox.commit()
        for message in outgoing:
            try:
                self._send(self._topics.events(message.camera), message.payload, message)
            except ValueError:  # damage on disk can make a camera's name one that no topic can have
                self._outbox.give_up(message.waiting)
        for state in self._states.take() if self._open else ():
            self._send(state.topic, state.payload, state.topic, state.qos)
        while self._settling and self._outbox.safe:
            self._settling.pop().set()
        self._doubt_the_connection()
        idle = not (self._in_flight or len(self._outbox) or self._states)
        if self._last_word and (idle or self._connection.away):
            self._finish()

    def _take_events(self) -> list[Outgoing]:
        if not self._open or time.monotonic() < self._refused_until:
            return []
        most, taken = window(len(self._outbox)), list[Outgoing]()
        while self._outbox.under_way < most and (message := self._outbox.take()):
            taken.append(message)
        return taken

    def _send(self, topic: str, payload: str | bytes, what: Sent, qos: QoS = 1) -> int:
        number = self._connection.publish(topic, payload, qos, retain=isinstance(what, str))
        if qos:
            self._in_flight.add(number, what)
        return number

    def _acknowledged(self, number: int, fine: bool) -> None:
        what = self._in_flight.pop(number)
        if isinstance(what, str):
            self._states.acknowledge(what)
        elif what is not None and fine:
            self._outbox.acknowledge(what.waiting)
        elif what is not None:
            self._outbox.put_back(what.waiting)
            self._refused_until = time.monotonic() + REFUSED_SECONDS
        if number == self._online:
            self._open = True
            self._states.start_over()
        if number == self._said:
            self._flushed.set()

    def _say_online(self) -> None:
        self._connected = True
        self._in_flight.start_waiting()
        self._refused_until = 0.0
        self._said = None
        self._online = self._say_available(ONLINE)

    def _lost(self) -> None:
        self._connected = self._open = False

    def _doubt_the_connection(self) -> None:
        if self._connected and self._in_flight.silence > ACKNOWLEDGED_WITHIN:
            self._in_flight.start_waiting()
            self._connection.drop(f"acknowledged nothing for {ACKNOWLEDGED_WITHIN:.0f} s")

    def _say_available(self, word: str) -> int:
        return self._send(self._topics.available, word, self._topics.available)

    def _say(self, topic: str, payload: str) -> None:
        if self._open:
            self._connection.publish(topic, payload, retain=False)

    def _hear(self, on_message: OnMessage, topic: str, payload: bytes) -> None:
        self._jobs.offer(lambda: on_message(topic, payload))

    def _finish(self) -> None:
        if self._connection.away:
            self._flushed.set()
        elif self._open and self._said is None:
            self._said = self._say_available(self._last_word)
