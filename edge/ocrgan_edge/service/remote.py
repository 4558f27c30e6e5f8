"""The node as others see it over MQTT: commands, states, statistics, Home Assistant."""

from __future__ import annotations

import logging
import math
import platform
import time

from ocrgan_edge.alerts.commands import subscriptions
from ocrgan_edge.alerts.event import to_json
from ocrgan_edge.alerts.home_assistant import ONLINE, Device, discovery, status_topic
from ocrgan_edge.alerts.messages import ModelMessage
from ocrgan_edge.service.machine import board
from ocrgan_edge.service.node import Node
from ocrgan_edge.service.orders import Orders
from ocrgan_edge.service.settings.mqtt import MqttSettings
from ocrgan_edge.service.stop import Inbox, Job

_log = logging.getLogger(__name__)
ANNOUNCE_INTERVAL = 5.0
"""Least seconds between two announcements to Home Assistant."""


class Remote:
    """Says how the node fares and takes commands; only for a node with a broker."""

    def __init__(self, node: Node, mqtt: MqttSettings, inbox: Inbox) -> None:
        """Says everything once, and listens.

        Args:
            node: at work, with a broker.
            mqtt: how it shows itself.
            inbox: commands come into the daemon's own thread by it.
        """
        self._node = node
        self._settings = mqtt
        self._inbox = inbox
        self._closed = self._flooded = False
        self._model: ModelMessage | None = None
        self._stats_due = 0.0
        self._announced_at = -math.inf
        self._announce_due: float | None = None
        self._orders = Orders(node, self._say_model)
        self.say_all()
        assert node.mqtt is not None
        node.mqtt.listen(
            subscriptions(node.topics),
            lambda topic, payload: self._later(lambda: self._orders.obey(topic, payload)),
        )
        if mqtt.home_assistant:
            node.mqtt.listen(
                [status_topic(mqtt.discovery_prefix)],
                lambda _, payload: self._later(lambda: self._greet(payload)),
                retained=True,
            )

    def say_all(self) -> None:
        """Says what commands can change, and what cameras there are."""
        self._orders.say_all()
        self._announce_soon()

    def tick(self) -> None:
        """Says what is due; about twice a second."""
        self._orders.tick()
        now = time.monotonic()
        if self._announce_due is not None and now >= self._announce_due:
            self._announce()
        if now >= self._stats_due:
            self._stats_due = now + self._settings.stats_interval
            node = self._node
            node.publisher.publish_state(node.topics.stats, to_json(node.stats.message()), qos=0)

    def close(self) -> None:
        """Obeys no more: the node is taken apart."""
        self._closed = True

    def _later(self, job: Job) -> None:
        """Has it done by the daemon's own thread, if this node is still there then."""
        taken = self._inbox.offer(lambda: None if self._closed else job())
        if not taken and not self._flooded:
            _log.warning("messages come faster than they are obeyed: some are thrown away")
        self._flooded = not taken

    def _say_model(self, message: ModelMessage) -> None:
        before, self._model = self._model, message
        node = self._node
        node.publisher.publish_state(node.topics.node_state("model"), to_json(message))
        if before is not None and _what_there_is(before) != _what_there_is(message):
            self._announce_soon()

    def _greet(self, payload: bytes) -> None:
        """Home Assistant has started and has forgotten what it was told."""
        if payload.decode(errors="replace") == ONLINE:
            self._announce_soon()

    def _announce_soon(self) -> None:
        """Announces now, or a while after the announcement before.

        Home Assistant leaves out parts of a message that comes while it still works on another.
        """
        self._announce_due = max(time.monotonic(), self._announced_at + ANNOUNCE_INTERVAL)
        if self._announce_due <= time.monotonic():
            self._announce()

    def _announce(self) -> None:
        self._announce_due, self._announced_at = None, time.monotonic()
        if not self._settings.home_assistant:
            return
        node = self._node
        device = Device(
            version=node.stats.version,
            model=board() or platform.machine(),
            cameras=list(node.settings.cameras),
            installed=self._model if node.settings.models_folder else None,
        )
        memory = node.memory
        announcement = discovery(
            node.topics, device, memory.now.announced, self._settings.discovery_prefix
        )
        memory.set_announced(announcement.components)
        node.publisher.publish_state(announcement.topic, announcement.payload)


def _what_there_is(model: ModelMessage) -> tuple[object, ...]:
    """What an announcement tells of the model."""
    return model.installed, model.offered
