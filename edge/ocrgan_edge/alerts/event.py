"""What is said over MQTT, as types: events with their life cycle, and scores.

The JSON Schemas beside this module (`schemas/`) are made from these types by
`python -m ocrgan_edge.alerts.schema --write`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
EventType = Literal["new", "update", "end"]
EndReason = Literal[
    "quiet",
    "settled",
    "stopped",
    "source_ended",
    "source_failed",
    "disabled",
    "changed",
    "interrupted",
]


class Payload(BaseModel):
    """What all payloads have in common: strict, unchanging, finite."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        populate_by_name=True,
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,
    )


class Box(Payload):
    """An unusual place in the picture, as shares of its width and height."""

    left: Share
    top: Share
    width: Share
    height: Share
    score: float
    """How unusual it is at its worst."""


class Shares(Payload):
    """What the score is made of, sum 1; the terms are those of `ocrgan_edge.runtime.scorer`."""

    texture: Share
    shape: Share
    motion: Share
    feature: Share
    patch: Share


class EventState(Payload):
    """An event as it stood at one moment."""

    start: AwareDatetime
    """Wall time of the first window above the threshold."""
    end: AwareDatetime | None = None
    """Wall time of the last window that was not quiet."""
    end_reason: EndReason | None = None
    """`quiet`: the score stayed low for the cool-down; `settled`: what is unusual has stayed for so
    long that it belongs to the scene; `stopped`: the daemon was stopped;
    `source_ended`, `source_failed`: there were no more frames; `disabled`: the camera was disarmed;
    `changed`: it got other settings; `interrupted`: the daemon was killed, which its next start
    found out."""
    clock_synced: bool
    """Whether the system's clock was synchronised when the wall times were taken."""
    media_start: Seconds
    """`start` in seconds since the camera's first frame."""
    media_end: Seconds | None = None
    """`end` in seconds since the camera's first frame."""
    duration: Seconds
    """Seconds from `start` to the newest window; of an ended event, to `end`."""
    score: float
    """Score of the newest window."""
    peak_score: float
    """Highest score since `start`."""
    threshold: float
    zone: str | None = None
    """Zone in which the most unusual place lies; null where no zones are set."""
    boxes: tuple[Box, ...]
    """Where it was unusual at the peak, the most unusual place first."""
    shares: Shares
    """What made the score at the peak."""
    attention: tuple[Share, ...] | None = None
    """How much the newest frame looked at each frame of the window at the peak, oldest first,
    sum 1; null where the model does not tell."""
    model_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """SHA-256 of the bundle's file."""
    snapshot: str | None = None
    """JPEG of the peak with its heat map: path below the evidence folder."""
    clip: str | None = None
    """Video from before the event until after it: path below the evidence folder."""


class Event(Payload):
    """One step of an event's life; one `event_id` through all of them."""

    type: EventType
    event_id: str
    camera: str
    before: EventState | None
    """State of the step before; null for `new`."""
    after: EventState


class EventMessage(Event):
    """An event as published: with its number in the node's row of event messages."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    node: str
    boot_id: str
    """Of the start of the daemon in which the event message was raised."""
    seq: Annotated[int, Field(ge=1)]
    """1, 2, 3 … without gaps over all cameras and starts of the node, given when the message is
    first handed to the broker: one that never comes was lost on its way. A message that comes
    again has the number it had. Without a broker, numbers begin with each start."""
    dropped: Annotated[int, Field(ge=0)]
    """Event messages given up since the node was set up because too many waited; those never had
    a `seq`."""


class ScoreMessage(Payload):
    """The newest score of a camera."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    score: float
    threshold: float
    time: AwareDatetime
    """Wall time of the window's newest frame."""
    media_time: Seconds
    """The same in seconds since the camera's first frame."""
    shares: Shares


def to_json(payload: BaseModel) -> str:
    """A payload as one line of JSON."""
    return payload.model_dump_json(by_alias=True)
