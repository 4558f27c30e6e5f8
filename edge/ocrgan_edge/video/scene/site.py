"""The place: where the paths run, what stands where, how the camera looks at it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ocrgan_edge.video.scene.camera import Camera
from ocrgan_edge.video.scene.track import Place

SIDE = 30.0
"""Metres to both sides over which the place is laid out."""


@dataclass(frozen=True, slots=True)
class Path:
    """A paved way."""

    line: tuple[Place, ...]
    """Its middle."""

    width: float
    """Metres."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that sways."""

    at: Place
    height: float
    """Metres."""

    crown: float
    """Radius in metres."""

    seed: int


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that does not change from day to day."""

    seed: int
    """The place's number."""

    above_ground: float
    """Height of the camera in metres."""

    tilt: float
    """Of the camera, radians below the horizon."""

    lens: float
    """Of the camera, focal length as a multiple of the picture's height."""

    promenade: Path
    """The wide way through the picture, where most people walk."""

    upper_walk: Path
    """A way farther off, along the building."""

    link: Path
    """From the promenade to the upper walk."""

    wall: float
    """Distance of the building's front in metres."""

    wall_end: float
    """Column in metres where the building ends."""

    sun: Place
    """Where the shadow of a point one metre above the ground falls, relative to its foot."""

    trees: tuple[Tree, ...]
    lamps: tuple[Place, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """All paved ways."""
        return (self.promenade, self.upper_walk, self.link)

    def camera(self, width: int, height: int) -> Camera:
        """The camera for a picture size."""
        return Camera(width, height, self.above_ground, self.tilt, self.lens)

    def edge(self, z: float) -> float:
        """Metres from the middle at which somebody on the ground at z is out of the picture."""
        depth = z * math.cos(self.tilt) + self.above_ground * math.sin(self.tilt)
        return 0.76 / self.lens * depth + 0.4

    def on_promenade(self, x: float, aside: float = 0.0) -> Place:
        """The promenade's middle at x, or `aside` metres towards the building."""
        (x0, z0), (x1, z1) = self.promenade.line
        return x, z0 + (z1 - z0) * (x - x0) / (x1 - x0) + aside


@lru_cache(maxsize=8)
def make_site(seed: int) -> Site:
    """The place with this number."""
    rng = np.random.default_rng([seed, 11])
    slope = float(rng.uniform(0.05, 0.14)) * (1 if rng.random() < 0.5 else -1)
    near, far = float(rng.uniform(11.8, 12.8)), float(rng.uniform(22.0, 24.0))
    start = float(rng.uniform(1.0, 4.0)) * (1 if rng.random() < 0.5 else -1)
    end = start + float(rng.uniform(-3.0, 3.0))
    side = 1.0 if rng.random() < 0.5 else -1.0
    sun = (float(rng.uniform(0.35, 0.8)) * (1 if rng.random() < 0.5 else -1), 0.35)
    return Site(
        seed=seed,
        above_ground=float(rng.uniform(4.6, 5.4)),
        tilt=float(rng.uniform(0.26, 0.29)),
        lens=float(rng.uniform(1.08, 1.18)),
        promenade=Path(((-SIDE, near - slope * SIDE), (SIDE, near + slope * SIDE)), 3.8),
        upper_walk=Path(((-SIDE, far), (SIDE, far)), 2.8),
        link=Path(((start, near + slope * start), (end, far)), 2.4),
        wall=far + 8.0,
        wall_end=float(rng.uniform(3.0, 8.0)) * side,
        sun=sun,
        trees=_trees(rng, (far, start + side * 0.5)),
        lamps=tuple((x, near + slope * x + 2.5) for x in (-7.5 + start * 0.3, 7.0 + start * 0.3)),
    )


def _trees(rng: np.random.Generator, layout: tuple[float, float]) -> tuple[Tree, ...]:
    far, middle = layout
    places = [(-13.0, far + 4.2), (-5.5, far + 5.0), (4.5, far + 4.6), (12.5, far + 4.0)]
    places += [(middle - 8.5, far - 3.6), (middle + 8.0, far - 3.4)]
    trees = []
    for x, z in places:
        x += float(rng.uniform(-1.0, 1.0))
        size = float(rng.uniform(3.6, 5.6))
        trees.append(Tree((x, z), size, size * 0.3, int(rng.integers(1 << 30))))
    return tuple(trees)
