"""Who walks through a recording, and who does what nobody should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ocrgan_edge.video.scene.actors import Actor, Anomalous, Fall, cyclist, vehicle, walker
from ocrgan_edge.video.scene.camera import Camera
from ocrgan_edge.video.scene.parts import Colour, Part
from ocrgan_edge.video.scene.person import Stance, body, draw_person
from ocrgan_edge.video.scene.track import Place, Track, join, walk
from ocrgan_training.data.staging.ground import Standing

BEYOND = 1.5
"""Metres outside of the picture at which ways begin and end."""
COLOURS: tuple[Colour, ...] = (
    (35.0, 35.0, 40.0),
    (45.0, 45.0, 130.0),
    (110.0, 70.0, 40.0),
    (175.0, 175.0, 180.0),
    (215.0, 215.0, 215.0),
)
SLOWEST, FASTEST = 1.0, 1.6
"""m/s of walkers."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The ground that is walked on."""

    camera: Camera
    people: tuple[Standing, Standing]
    """Nobody is nearer or farther away than these two."""

    def way(self, rng: np.random.Generator) -> list[Place]:
        """Right through the picture, either way, at some depth."""
        rows = np.sort(rng.uniform(self.people[0].row, self.people[1].row, 2))
        rows = rows.mean() + (rows - rows.mean()) * 0.5
        line = [self._edge(0.0, float(rows[0])), self._edge(1.0, float(rows[1]))]
        return line if rng.random() < 0.5 else line[::-1]

    def _edge(self, side: float, row: float) -> Place:
        x, z = self.camera.ground(np.array([side * self.camera.width]), np.array([row]))
        return float(x[0]) + BEYOND * (2 * side - 1), float(z[0])


def walkers(
    stage: Stage, rng: np.random.Generator, seconds: float, per_minute: float
) -> list[Actor]:
    """Normal life: people who walk through, also those who came before the first frame."""
    longest = 30.0
    count = rng.poisson(per_minute * (seconds + longest) / 60)
    found = []
    for start in rng.uniform(-longest, seconds, count):
        pace = float(rng.uniform(SLOWEST, FASTEST))
        found.append(walker(draw_person(rng), walk(stage.way(rng), pace, float(start))))
    return found


def _runner(stage: Stage, rng: np.random.Generator, start: float) -> Actor:
    track = walk(stage.way(rng), float(rng.uniform(3.4, 4.6)), start)
    return walker(draw_person(rng), track, _whole(track, "runner"))


def _cyclist(stage: Stage, rng: np.random.Generator, start: float) -> Actor:
    track = walk(stage.way(rng), float(rng.uniform(3.0, 5.5)), start)
    return cyclist(draw_person(rng), track, _colour(rng), _whole(track, "cyclist"))


def _vehicle(stage: Stage, rng: np.random.Generator, start: float) -> Actor:
    track = walk(stage.way(rng), float(rng.uniform(3.0, 6.0)), start)
    return vehicle(track, _colour(rng), _whole(track, "vehicle"))


def _skater(stage: Stage, rng: np.random.Generator, start: float) -> Actor:
    """Stands, and yet moves along: only the legs tell it from a walker, and the pace."""
    track = walk(stage.way(rng), float(rng.uniform(1.6, 3.0)), start)
    person, phase = draw_person(rng), float(rng.uniform(0.0, 6.28))

    def parts(time: float) -> list[Part]:
        return body(person, track.pose(time), Stance(phase, 0.0))

    return Actor(track.start, track.end, track.place, parts, anomalous=_whole(track, "skater"))


def _fall(stage: Stage, rng: np.random.Generator, start: float) -> Actor:
    begin, end = stage.way(rng)
    share = float(rng.uniform(0.35, 0.65))
    spot = (begin[0] + (end[0] - begin[0]) * share, begin[1] + (end[1] - begin[1]) * share)
    pace = float(rng.uniform(SLOWEST, FASTEST))
    came = walk([begin, spot], pace, start - float(np.hypot(*np.subtract(spot, begin))) / pace)
    fall = Fall(start, float(rng.uniform(4.0, 8.0)))
    track = join(came, walk([spot, end], pace, fall.end + 0.5))
    return walker(draw_person(rng), track, Anomalous("fall", start, fall.end), fall)


ANOMALIES: dict[str, Callable[[Stage, np.random.Generator, float], Actor]] = {
    "runner": _runner,
    "cyclist": _cyclist,
    "vehicle": _vehicle,
    "skater": _skater,
    "fall": _fall,
}
"""Kind → who does it, from a time in seconds on."""


def _whole(track: Track, kind: str) -> Anomalous:
    return Anomalous(kind, track.start, track.end)


def _colour(rng: np.random.Generator) -> Colour:
    return COLOURS[int(rng.integers(len(COLOURS)))]
