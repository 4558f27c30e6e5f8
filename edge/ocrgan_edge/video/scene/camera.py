"""A pinhole camera above a ground plane.

World, in metres: x to the right, y up, z away from the camera along the ground; the camera stands
at (0, height, 0) and looks along z, tilted down.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """Pose and lens for one picture size."""

    width: int
    """Pixels."""

    height: int
    """Pixels."""

    above_ground: float
    """Metres."""

    tilt: float
    """Radians below the horizon."""

    lens: float
    """Focal length as a multiple of the picture's height."""

    @cached_property
    def focal(self) -> float:
        """Focal length in pixels; wide pictures see more to the sides, narrow ones less high."""
        return self.lens * min(self.height, self.width / 1.5)

    @cached_property
    def horizon(self) -> float:
        """Row of the horizon in pixels; may lie outside of the picture."""
        return float(self.height / 2 - self.focal * np.tan(self.tilt))

    def project(self, points: Array) -> Array:
        """World points (n, 3) → (n, 3): column and row in pixels, and depth in metres."""
        sine, cosine = np.sin(self.tilt), np.cos(self.tilt)
        rise = points[:, 1] - self.above_ground
        depth = np.maximum(points[:, 2] * cosine - rise * sine, 0.1)
        down = -rise * cosine - points[:, 2] * sine
        column = self.width / 2 + self.focal * points[:, 0] / depth
        row = self.height / 2 + self.focal * down / depth
        return np.stack([column, row, depth], axis=1)

    def ground(self, columns: Array, rows: Array) -> tuple[Array, Array]:
        """Where the rays of pixels meet the ground: x and z; rows must lie below the horizon."""
        sine, cosine = np.sin(self.tilt), np.cos(self.tilt)
        slope = (rows - self.height / 2) / self.focal
        depth = self.above_ground / np.maximum(slope * cosine + sine, 1e-3)
        x = (columns - self.width / 2) / self.focal * depth
        return x, depth * (cosine - slope * sine)

    def wall(self, columns: Array, rows: Array, distance: float) -> tuple[Array, Array]:
        """Where the rays of pixels meet an upright wall at z = `distance`: x and y."""
        sine, cosine = np.sin(self.tilt), np.cos(self.tilt)
        slope = (rows - self.height / 2) / self.focal
        depth = distance / np.maximum(cosine - slope * sine, 1e-3)
        x = (columns - self.width / 2) / self.focal * depth
        return x, self.above_ground - depth * (slope * cosine + sine)
