"""Everybody and everything that moves, as pure functions of time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ocrgan_edge.video.scene.parts import Colour, Part
from ocrgan_edge.video.scene.person import Person, Stance, body
from ocrgan_edge.video.scene.things import bag, bicycle, car
from ocrgan_edge.video.scene.track import Place, Pose, Track


@dataclass(frozen=True, slots=True)
class Anomalous:
    """When an actor is out of the ordinary."""

    kind: str
    start: float
    """Seconds."""

    end: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something between `start` and `end`, in seconds."""

    start: float
    end: float
    locate: Callable[[float], Place]
    """Where on the ground at a time."""

    parts: Callable[[float], list[Part]]
    """What is to be drawn at a time, in the order in which parts cover each other when `solid`."""

    solid: bool = False
    """Parts are given in drawing order instead of being sorted by depth."""

    anomalous: Anomalous | None = None

    def kind(self, time: float) -> str | None:
        """The anomaly shown at a time."""
        it = self.anomalous
        return it.kind if it is not None and it.start <= time <= it.end else None


@dataclass(frozen=True, slots=True)
class Fall:
    """Goes down at a time, lies, gets up again."""

    start: float
    lying: float
    """Seconds on the ground."""

    def tilt(self, time: float) -> float:
        """Radians from upright."""
        down = min(1.0, max(0.0, (time - self.start) / 0.7)) ** 2
        up = min(1.0, max(0.0, (time - self.start - 0.7 - self.lying) / 1.8))
        return 0.5 * math.pi * 0.97 * (down - (3 * up**2 - 2 * up**3))

    @property
    def end(self) -> float:
        """When the person stands again."""
        return self.start + 0.7 + self.lying + 1.8


def walker(
    person: Person, track: Track, anomalous: Anomalous | None = None, fall: Fall | None = None
) -> Actor:
    """Somebody on foot."""

    def parts(time: float) -> list[Part]:
        pose = track.pose(time)
        tilt = fall.tilt(time) if fall else 0.0
        stance = Stance(_gait(pose, person), 0.0 if tilt > 0.2 else pose.speed, tilt)
        return body(person, pose, stance)

    return Actor(track.start, track.end, track.place, parts, anomalous=anomalous)


def cyclist(person: Person, track: Track, colour: Colour, anomalous: Anomalous) -> Actor:
    """Somebody on a bicycle."""

    def parts(time: float) -> list[Part]:
        pose = track.pose(time)
        stance = Stance(pose.walked / 0.9, 0.0, riding=True)
        return bicycle(pose, colour) + body(person, pose, stance)

    return Actor(track.start, track.end, track.place, parts, anomalous=anomalous)


def vehicle(track: Track, colour: Colour, anomalous: Anomalous) -> Actor:
    """A car."""

    def parts(time: float) -> list[Part]:
        return car(track.pose(time), colour)

    return Actor(track.start, track.end, track.place, parts, True, anomalous)


def left_bag(at: Place, colour: Colour, span: tuple[float, float], anomalous: Anomalous) -> Actor:
    """A bag that stands somewhere for a time."""
    return Actor(*span, lambda _: at, lambda _: bag(at, colour), True, anomalous)


def _gait(pose: Pose, person: Person) -> float:
    """Phase of the step cycle: longer strides at higher speed."""
    stride = person.height * (0.82 if pose.speed < 2.2 else 1.35)
    return 2 * math.pi * pose.walked / stride
