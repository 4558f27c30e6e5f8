"""What is said over MQTT besides events: how all fares, what commands set, what was refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from ocrgan_edge.alerts.event import Payload, Seconds, Share
from ocrgan_edge.detection.profiles import Profile
from ocrgan_edge.detection.scene_health import Scene

Count = Annotated[int, Field(ge=0)]
Presence = Literal["online", "offline", "disabled"]


class StatusMessage(Payload):
    """Whether a camera gives pictures, and whether they can be judged: never an anomaly."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    status: Presence
    """`disabled`: switched off by a command or outside its schedule; pictures still come."""
    scene: Scene
    since: AwareDatetime
    """Wall time of the last change."""
    reason: str | None = None
    """Why there are no pictures, in one sentence."""


class CameraStats(Payload):
    """One camera over the interval since the stats before."""

    frames_per_second: float
    windows_per_second: float
    hop: float
    """Frames between two scored windows; above the setting where the CPU is not enough."""
    latency_p50: Seconds | None
    """Seconds that a graph took for one window; null where none was scored."""
    latency_p95: Seconds | None
    latency_p99: Seconds | None
    age_max: Seconds | None
    """Largest age of a score when it was ready, from its newest frame's arrival."""
    frames_lost: Count
    """Since the start: frames left out or broken."""
    windows_skipped: Count
    """Since the start: windows not scored because the CPU was busy."""
    reconnects: Count
    """Since the start."""
    events: Count
    """Events since the start."""
    profile: Profile = "always"
    """Which of the camera's calibrations holds: `always`, `day` or `night`."""
    drift: Share | None = None
    """Share of its bounds that followed drift uses; at 1 the camera should be calibrated anew. Null
    where drift is not followed."""
    settled: Share = 0.0
    """Share of the places that count (all, or those within zones) which do not, since something has
    stayed there for so long that it belongs to the scene."""


class OutboxStats(Payload):
    """Event messages on their way."""

    depth: Count
    """Messages that wait for the broker."""
    bytes: Count
    dropped: Count
    """Messages lost since the node was set up, for want of room."""
    set_aside: Count
    """Corrupt outboxes found since the node was set up."""
    failed_writes: Count
    """Messages that could not be written to disk since the start (full, read-only)."""


class StatsMessage(Payload):
    """How the node fares."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    time: AwareDatetime
    clock_synced: bool
    boot_id: str
    uptime: Seconds
    version: str
    """Of ocrgan-edge."""
    versions: dict[str, str]
    """Of the runtimes, by name."""
    rss_bytes: Count
    children_rss_bytes: Count
    """Of the processes that it has started, such as decoders; shared pages count in each."""
    temperature: float | None
    """Degrees Celsius of the processor; null where it cannot be read."""
    broker_reconnects: Count
    evidence_dropped: Count
    """Snapshots and clips that could not be kept since the start."""
    outbox: OutboxStats
    cameras: dict[str, CameraStats]


class ErrorMessage(Payload):
    """A command that was refused; nothing of it was done."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    time: AwareDatetime
    topic: str
    """The command's."""
    payload: str
    """What it said, at most 200 characters."""
    error: str
    """One sentence: the value and what was wanted."""


class CalibrateMessage(Payload):
    """How a camera's calibration on normal life of its own place stands."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    state: Literal["idle", "running", "done", "failed"]
    """`idle`: none was asked for since the start."""
    minutes: Annotated[float, Field(ge=1, le=1440)] | None = None
    """Length that was asked for; null while idle."""
    progress: Share = 0.0
    message: str | None = None
    """What came of it, in one sentence; why it failed."""


class ModelMessage(Payload):
    """Which model scores, and which ones lie ready."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    installed: str | None
    """File name of the bundle; null where cameras have different ones."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None
    """Of the bundle's file."""
    state: Literal["ok", "installing", "failed"]
    """`failed`: the installed model is still the one before."""
    message: str | None = None
    """Why the last installation failed, in one sentence."""
    offered: tuple[str, ...] = ()
    """Bundles in the models folder by file name, the newest file first."""
