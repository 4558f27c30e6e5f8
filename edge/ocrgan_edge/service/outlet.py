"""Where a node's words and pictures go: the broker or stdout, and the state folder."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ocrgan_edge.alerts.backlog import Limits as OutboxLimits
from ocrgan_edge.alerts.evidence.camera import Keep
from ocrgan_edge.alerts.evidence.retention import Limits as EvidenceLimits
from ocrgan_edge.alerts.evidence.store import EvidenceStore
from ocrgan_edge.alerts.publisher import LinePublisher, Numbering, Publisher
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.errors import OcrganError, SettingsError
from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.settings.models import EvidenceSettings, Settings
from ocrgan_edge.service.settings.mqtt import MqttSettings
from ocrgan_edge.service.settings.secrets import broker_of
from ocrgan_edge.service.stats import OthersCounts

if TYPE_CHECKING:
    from ocrgan_edge.alerts.mqtt_publisher import MqttPublisher

MEGABYTE = 1_000_000
PUBLISHER = "publisher"
"""What its thread is called where progress is told."""
HANGS_AFTER = 120.0
"""Seconds without a turn of that thread; a worn SD card can take many for one commit."""


@dataclass(frozen=True, slots=True)
class Start:
    """How a node is started."""

    patient: bool
    """Wait for cameras that are not there yet, instead of an error."""
    scores: Path | None
    """File for every window's score."""
    environment: Mapping[str, str]
    on_refused: Callable[[OcrganError], None]
    """Is told if the broker refuses us for good."""
    progress: Progress


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where the node speaks."""

    publisher: Publisher
    mqtt: MqttPublisher | None
    """The same, if it speaks to a broker: then it can listen as well."""
    boot_id: str

    def others(self, store: EvidenceStore | None) -> OthersCounts:
        """What publisher and store count."""
        dropped = (lambda: store.dropped) if store is not None else (lambda: 0)
        if self.mqtt is None:
            return OthersCounts(evidence_dropped=dropped)
        mqtt = self.mqtt
        return OthersCounts(mqtt.stats, lambda: mqtt.reconnects, dropped)


def open_outlet(settings: Settings, topics: Topics, start: Start) -> Outlet:
    """Begins to connect to the broker; without one, events are lines on stdout.

    Raises:
        OcrganError: password or certificates cannot be used.
    """
    if settings.mqtt is None:
        boot_id = str(uuid.uuid4())
        lines = LinePublisher(sys.stdout, Numbering(settings.node, boot_id))
        return Outlet(lines, None, boot_id)
    return _open_mqtt(settings, settings.mqtt, topics, start)


def _open_mqtt(settings: Settings, mqtt: MqttSettings, topics: Topics, start: Start) -> Outlet:
    # paho and sqlite3 are loaded only where they are used.
    from ocrgan_edge.alerts.mqtt_publisher import MqttPublisher
    from ocrgan_edge.alerts.outbox import Outbox

    folder = settings.state_folder
    limits = OutboxLimits(settings.outbox.messages, settings.outbox.megabytes * MEGABYTE)
    outbox = Outbox(folder and folder / "outbox.sqlite", settings.node, limits)
    broker = broker_of(mqtt, start.environment)
    publisher = MqttPublisher(broker, topics, outbox, start.on_refused)
    start.progress.expect(PUBLISHER, HANGS_AFTER)
    publisher.on_turn = lambda: start.progress.made(PUBLISHER)
    return Outlet(publisher, publisher, outbox.boot_id)


def make_folder(state_folder: Path | None) -> None:
    """Makes the folder of the daemon's state, if there is to be one.

    Raises:
        SettingsError: it cannot be made.
    """
    if state_folder is None:
        return
    try:
        state_folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"state folder {state_folder} cannot be made ({error})") from error


def open_evidence_store(
    settings: EvidenceSettings, state_folder: Path | None
) -> EvidenceStore | None:
    """Where evidence is kept, if it is."""
    if state_folder is None or not (settings.snapshots or settings.clips):
        return None
    limits = EvidenceLimits(settings.days, settings.megabytes, settings.free_megabytes)
    return EvidenceStore(state_folder / "evidence", limits)


def keep_of(settings: EvidenceSettings) -> Keep:
    """What is kept of an event."""
    return Keep(
        snapshots=settings.snapshots,
        clips=settings.clips,
        before=settings.before,
        after=settings.after,
        width=settings.width,
    )
