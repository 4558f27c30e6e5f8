"""Everything a daemon can be told, with the range and unit of each value."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ocrgan_edge.service.settings.camera import CameraSettings
from ocrgan_edge.service.settings.mqtt import MqttSettings
from ocrgan_edge.service.settings.wanted import Name, Names, Table, Truth, Wanted


class OutboxSettings(Table):
    """How much waits for a broker that is away; beyond it the oldest updates are dropped."""

    messages: Annotated[
        int, Field(ge=10, le=10_000_000), Wanted("a whole number between 10 and 10,000,000")
    ] = 100_000
    """Event messages kept at most."""
    megabytes: Annotated[
        int, Field(ge=1, le=100_000), Wanted("a whole number of megabytes, 1 … 100,000")
    ] = 256
    """Size of the outbox at most."""


class EvidenceSettings(Table):
    """Pictures and clips of events in `state_folder`/evidence, and how long they are kept."""

    snapshots: Truth = True
    """Keep a JPEG of each event's peak."""
    clips: Truth = True
    """Keep a short video of each event."""
    before: Annotated[float, Field(ge=0, le=60), Wanted("a number of seconds, 0 … 60")] = 5.0
    """Seconds of a clip before the event."""
    after: Annotated[float, Field(ge=0, le=60), Wanted("a number of seconds, 0 … 60")] = 5.0
    """Seconds of a clip after the event."""
    days: Annotated[
        float, Field(gt=0, le=3650), Wanted("a number of days above 0, at most 3650")
    ] = 14.0
    """Older evidence is removed."""
    megabytes: Annotated[
        int, Field(ge=1, le=10_000_000), Wanted("a whole number of megabytes, 1 … 10,000,000")
    ] = 1000
    """All evidence together; the oldest is removed first."""
    free_megabytes: Annotated[
        int, Field(ge=0, le=10_000_000), Wanted("a whole number of megabytes, 0 … 10,000,000")
    ] = 500
    """Never less than this is left free on the disk."""
    width: Annotated[int, Field(ge=64, le=3840), Wanted("a whole number of pixels, 64 … 3840")] = (
        640
    )
    """Width of pictures and clips at most."""


class MetricsSettings(Table):
    """Where the daemon can be looked into over HTTP."""

    listen: Annotated[
        str | None,
        Field(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]*):[0-9]{1,5}$"),
        Wanted('HOST:PORT such as "127.0.0.1:9107", or ":9107" for all addresses'),
    ] = None
    """Serves /metrics for Prometheus and /healthz; nothing is served when it is not set."""


class Settings(Table):
    """One node: what all its cameras share, and the cameras."""

    node: Name = Field(default_factory=lambda: platform.node() or "node")
    """This device's name in topics; by default its host name."""
    prefix: Names = "ocrgan"
    """First part of all topics."""
    state_folder: Annotated[Path | None, Field(strict=False), Wanted("the path of a folder")] = None
    """Outbox, evidence and what commands have set; by default systemd's $STATE_DIRECTORY, and
    without that nothing is kept on disk."""
    models_folder: Annotated[Path | None, Field(strict=False), Wanted("the path of a folder")] = (
        None
    )
    """Bundles that may be installed by a command over MQTT; none when it is not set."""
    trusted_keys: Annotated[Path | None, Field(strict=False), Wanted("the path of a file")] = None
    """Ed25519 public keys (PEM): bundles that none of them has signed are refused; every bundle is
    taken when it is not set."""
    threads: Annotated[
        int | None, Field(ge=1, le=256), Wanted("a whole number between 1 and 256")
    ] = None
    """Processors that score windows, for all cameras together; by default what the machine has,
    at most 4."""
    json_logs: Truth = False
    """Logs on stderr as JSON lines."""
    mqtt: MqttSettings | None = None
    outbox: OutboxSettings = OutboxSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    metrics: MetricsSettings = MetricsSettings()
    cameras: Annotated[
        dict[Name, CameraSettings],
        Field(alias="camera", min_length=1),
        Wanted("a table [camera.NAME] for each camera, or --camera and --bundle"),
    ]
