"""What a node can be told over MQTT, and what it answers when told something else.

A command is obeyed whole or refused with one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ocrgan_edge.alerts.command_value import CommandError, number_within, read_value, shown
from ocrgan_edge.alerts.messages import ErrorMessage
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.detection.sensitivity import FACTORS, Word

SUFFIX = ".ocrgan"
LONGEST_NAME = 255
"""Bytes of a file's name, as Linux has it."""
THRESHOLDS = (-1e6, 1e6)
SENSITIVITIES = (0.1, 10.0)
MINUTES = (1.0, 1440.0)


@dataclass(frozen=True, slots=True)
class SetEnabled:
    """Arms a camera or disarms it."""

    camera: str
    on: bool


@dataclass(frozen=True, slots=True)
class SetThreshold:
    """Sets the threshold that sensitivity counts from."""

    camera: str
    value: float


@dataclass(frozen=True, slots=True)
class SetSensitivity:
    """Sets how readily a camera alarms."""

    camera: str
    level: Word | float
    """A word, or 0.1 … 10."""


@dataclass(frozen=True, slots=True)
class Calibrate:
    """Lets a camera learn the normal life of its place from now on."""

    camera: str
    minutes: float
    """1 … 1440."""


@dataclass(frozen=True, slots=True)
class InstallModel:
    """Lets all cameras score by another bundle of the models folder."""

    name: str
    """The bundle's file name, without any folder."""


CameraCommand = SetEnabled | SetThreshold | SetSensitivity | Calibrate
Command = CameraCommand | InstallModel


def subscriptions(topics: Topics) -> list[str]:
    """Topic filters under which commands come, those with a mistyped name too: it is answered."""
    return [topics.node_command("+"), topics.command("+", "+")]


def parse(
    topics: Topics,
    cameras: Collection[str],
    topic: str,
    payload: bytes,
    retained: bool = False,
) -> Command:
    """Reads a command.

    Args:
        topics: the node's.
        cameras: names of the node's cameras.
        topic: where it came.
        payload: what it says.
        retained: the broker kept it from earlier: it would be obeyed at every connection again.

    Raises:
        CommandError: topic or value are not what the node can be told; the message says what is.
    """
    make = _makers(topics, cameras).get(topic)
    if make is None:
        raise CommandError(_unknown(topic, topics, cameras))
    if retained:
        raise CommandError(
            "the command is a retained message, but commands must be sent without retain: "
            "it would be obeyed at every connection"
        )
    return make(read_value(payload))


def refusal(topic: str, payload: bytes, error: Exception) -> ErrorMessage:
    """What is published on `errors` about a command."""
    return ErrorMessage(
        time=datetime.now(UTC),
        topic=topic,
        payload=payload[: 4 * 200].decode(errors="replace")[:200],
        error=str(error),
    )


def state_text(value: bool | float | str) -> str:
    """What a `…/state` topic says of a plain value: `ON`, `OFF`, a number or a word."""
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return value if isinstance(value, str) else f"{value:.9g}"


def model_name(name: object) -> str:
    """Gives back what can be the file name of a bundle in the models folder.

    Raises:
        CommandError: it is no text, has a folder in it, is hidden, or does not end in `.ocrgan`.
    """
    if (
        not isinstance(name, str)
        or not name.isprintable()
        or set(name) & set("/\\")
        or name.startswith(".")
        or not name.endswith(SUFFIX)
        or len(name.encode()) > LONGEST_NAME
    ):
        raise CommandError(
            f"model is {shown(name)}, but must be the file name of a bundle in the models folder, "
            f"like door{SUFFIX}"
        )
    return name


def _makers(topics: Topics, cameras: Collection[str]) -> Mapping[str, Callable[[object], Command]]:
    """What to make of a value, by topic."""
    makers: dict[str, Callable[[object], Command]] = {
        topics.node_command("model"): lambda value: InstallModel(model_name(value))
    }
    for camera in cameras:
        for what, make in _OF_A_CAMERA.items():
            makers[topics.command(camera, what)] = _told(camera, make)
    return makers


def _told(
    camera: str, make: Callable[[str, object], CameraCommand]
) -> Callable[[object], CameraCommand]:
    return lambda value: make(camera, value)


def _unknown(topic: str, topics: Topics, cameras: Collection[str]) -> str:
    whats = ", ".join(_OF_A_CAMERA)
    return (
        f"nothing is set by {shown(topic)}, but by {topics.node_command('model')} and, with what "
        f"one of {whats} and the camera one of {', '.join(sorted(cameras))}, by "
        f"{topics.command('<camera>', '<what>')}"
    )


def _enabled(camera: str, value: object) -> SetEnabled:
    word = str(value).lower()
    if isinstance(value, bool | str) and word in ("on", "off", "true", "false"):
        return SetEnabled(camera, word in ("on", "true"))
    raise CommandError(f"enabled is {shown(value)}, but must be ON or OFF")


def _threshold(camera: str, value: object) -> SetThreshold:
    low, high = THRESHOLDS
    number = number_within(value, THRESHOLDS)
    if number is None:
        wanted = f"a number between {low:.0f} and {high:.0f}"
        raise CommandError(f"threshold is {shown(value)}, but must be {wanted}")
    return SetThreshold(camera, number)


def _sensitivity(camera: str, value: object) -> SetSensitivity:
    for level in FACTORS:
        if isinstance(value, str) and value.lower() == level:
            return SetSensitivity(camera, level)
    number = number_within(value, SENSITIVITIES)
    if number is None:
        wanted = "low, medium, high or a number between 0.1 and 10"
        raise CommandError(f"sensitivity is {shown(value)}, but must be {wanted}")
    return SetSensitivity(camera, number)


def _calibrate(camera: str, value: object) -> Calibrate:
    minutes = number_within(value, MINUTES)
    if minutes is None:
        wanted = "the minutes to learn from, between 1 and 1440"
        raise CommandError(f"calibrate is {shown(value)}, but must be {wanted}")
    return Calibrate(camera, minutes)


_OF_A_CAMERA: Mapping[str, Callable[[str, object], CameraCommand]] = {
    "enabled": _enabled,
    "threshold": _threshold,
    "sensitivity": _sensitivity,
    "calibrate": _calibrate,
}
