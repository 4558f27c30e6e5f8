"""Where somebody is at any time: a line on the ground walked at given times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Place = tuple[float, float]
"""x and z on the ground, metres."""
SMOOTH = 0.3
"""Seconds over which corners are rounded and speed is taken."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Position and movement at one moment."""

    at: Place
    heading: Place
    """Unit vector."""

    speed: float
    """m/s."""

    walked: float
    """Metres since the start of the track."""

    def world(self, right: Array, up: Array, forward: Array) -> Array:
        """Points of a body that stands here, metres from its foot → (n, 3) world points."""
        x = self.at[0] + right * self.heading[1] + forward * self.heading[0]
        z = self.at[1] - right * self.heading[0] + forward * self.heading[1]
        return np.stack([x, up, z], axis=1)


class Track:
    """Straight pieces between knots; pure in time."""

    def __init__(self, times: Sequence[float], places: Sequence[Place]) -> None:
        """Knots with rising times; equal places stand still."""
        self.start, self.end = float(times[0]), float(times[-1])
        self.times = np.asarray(times, np.float64)
        self.places = np.asarray(places, np.float64)
        steps = np.diff(self.places, axis=0)
        lengths = np.hypot(steps[:, 0], steps[:, 1])
        self._walked = np.concatenate([[0.0], np.cumsum(lengths)])
        self._headings = _headings(steps, lengths)

    def pose(self, time: float) -> Pose:
        """Where, which way and how fast; beyond the ends the last knots' place."""
        before, here, after = (self._at(time + shift * SMOOTH) for shift in (-1.0, 0.0, 1.0))
        step = after - before
        length = float(np.hypot(step[0], step[1]))
        heading = step / length if length > 0.05 else self._headings[self._piece(time)]
        middle = (before + 2.0 * here + after) / 4.0
        return Pose(
            (float(middle[0]), float(middle[1])),
            (float(heading[0]), float(heading[1])),
            length / (2.0 * SMOOTH),
            float(np.interp(time, self.times, self._walked)),
        )

    def place(self, time: float) -> Place:
        """Where, without rounded corners; beyond the ends the last knots' place."""
        x, z = self._at(time)
        return float(x), float(z)

    def _at(self, time: float) -> Array:
        return np.array([np.interp(time, self.times, self.places[:, axis]) for axis in (0, 1)])

    def _piece(self, time: float) -> int:
        index = int(np.searchsorted(self.times, time, side="right")) - 1
        return min(max(index, 0), len(self._headings) - 1)


def walk(places: Sequence[Place], speed: float, start: float) -> Track:
    """Along a line at one speed in m/s, from `start` in seconds."""
    gaps = [np.hypot(b[0] - a[0], b[1] - a[1]) for a, b in zip(places, places[1:], strict=False)]
    times = start + np.concatenate([[0.0], np.cumsum(gaps)]) / speed
    return Track(times.tolist(), places)


def join(*tracks: Track) -> Track:
    """One after the other; where one ends before the next begins there is a pause."""
    times = np.concatenate([track.times for track in tracks])
    places = np.concatenate([track.places for track in tracks])
    return Track(times.tolist(), [(float(x), float(z)) for x, z in places])


def _headings(steps: Array, lengths: Array) -> list[Array]:
    """Per piece; who stands looks where he went before, or will go."""
    moving = [step / length for step, length in zip(steps, lengths, strict=True) if length > 1e-6]
    last = moving[0] if moving else np.array([1.0, 0.0])
    found = []
    for step, length in zip(steps, lengths, strict=True):
        last = step / length if length > 1e-6 else last
        found.append(last)
    return found
