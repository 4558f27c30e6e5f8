"""From parts in the world to small pictures with soft edges, and to shadows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.video.scene.camera import Camera
from ocrgan_edge.video.scene.parts import Colour, Part, shade

FINER = 4
"""Drawn this many times larger, then shrunk."""
SHIFT = 4
"""OpenCV's fixed-point bits for coordinates."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sprite:
    """A small picture and its place in the large one."""

    left: int
    top: int
    colours: Floats
    """(h, w, 3), already multiplied by the cover; 0 to 255."""

    cover: Floats
    """(h, w), 0 to 1."""

    depth: float
    """Metres from the camera; nearer covers farther."""

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the large picture."""
        height, width = self.cover.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def paint(parts: list[Part], camera: Camera, light_from: float, solid: bool) -> Sprite | None:
    """Parts as the camera sees them, or None when they are outside of the picture.

    Args:
        parts: of one body or thing.
        camera: whose picture.
        light_from: -1 when light comes from the picture's left, +1 from the right.
        solid: keep the parts' order; otherwise those farther away are painted first.
    """
    seen = camera.project(np.concatenate([part.points for part in parts]))
    ends = np.cumsum([len(part.points) for part in parts])
    pieces = np.split(seen, ends[:-1])
    depths = [float(piece[:, 2].mean()) for piece in pieces]
    radii = [p.radius * camera.focal / d for p, d in zip(parts, depths, strict=True)]
    box = _box(seen[:, :2], max(radii) + 1.0, camera)
    if box is None:
        return None
    left, top, right, bottom = box
    canvas = np.zeros(((bottom - top) * FINER, (right - left) * FINER, 4), np.uint8)
    order = range(len(parts)) if solid else np.argsort([-depth for depth in depths])
    for index in order:
        line = (pieces[index][:, :2] - (left, top)) * FINER
        _draw(canvas, line, radii[index] * FINER, parts[index], light_from)
    small = _shrink(canvas, (bottom - top, right - left))
    return Sprite(left, top, small[..., :3], small[..., 3] / 255.0, float(np.mean(depths)))


def cast(
    layer: Floats, parts: list[Part], camera: Camera, sun: tuple[float, float], strength: float
) -> None:
    """Adds the parts' shadow on the ground to a layer (H, W) of 0 to 1."""
    ground = []
    for part in parts:
        up = np.maximum(part.points[:, 1], 0.0)
        points = part.points + np.stack([sun[0] * up, -part.points[:, 1], sun[1] * up], axis=1)
        ground.append(camera.project(points))
    radii = [
        part.radius * camera.focal / float(piece[:, 2].mean()) * 0.8
        for part, piece in zip(parts, ground, strict=True)
    ]
    box = _box(np.concatenate(ground)[:, :2], max(radii) + 3.0, camera)
    if box is None:
        return
    left, top, right, bottom = box
    canvas = np.zeros(((bottom - top) * 2, (right - left) * 2), np.uint8)
    for part, piece, radius in zip(parts, ground, radii, strict=True):
        _stroke(canvas, (piece[:, :2] - (left, top)) * 2, radius * 2, (255.0,), not part.radius)
    small = cv2.blur(_shrink(canvas, (bottom - top, right - left)), (3, 3))
    area = layer[top:bottom, left:right]
    np.maximum(area, small * (strength / 255.0), out=area)


def _box(
    points: NDArray[np.float64], margin: float, camera: Camera
) -> tuple[int, int, int, int] | None:
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    right, bottom = min(camera.width, int(high[0]) + 1), min(camera.height, int(high[1]) + 1)
    return (left, top, right, bottom) if left < right and top < bottom else None


def _draw(
    canvas: NDArray[np.uint8],
    line: NDArray[np.float64],
    radius: float,
    part: Part,
    light_from: float,
) -> None:
    """A face flat, a limb with a dark and a light side."""
    if part.radius == 0.0 or radius < 2.5:
        _stroke(canvas, line, radius, _opaque(part.colour), part.radius == 0.0)
        return
    _stroke(canvas, line, radius, _opaque(shade(part.colour, 0.68)), False)
    moved = line + (light_from * radius * 0.3, -radius * 0.2)
    _stroke(canvas, moved, radius * 0.66, _opaque(shade(part.colour, 1.08)), False)


def _opaque(colour: Colour) -> tuple[float, ...]:
    return (*colour, 255.0)


def _stroke(
    canvas: NDArray[np.uint8],
    line: NDArray[np.float64],
    radius: float,
    colour: tuple[float, ...],
    filled: bool,
) -> None:
    points = np.round(np.clip(line, -20000, 20000) * (1 << SHIFT)).astype(np.int32)
    if filled:
        cv2.fillConvexPoly(canvas, points, colour, cv2.LINE_8, SHIFT)
        return
    thick = max(1, round(2 * radius))
    cv2.polylines(canvas, [points], False, colour, thick, cv2.LINE_8, SHIFT)


def _shrink(canvas: NDArray[np.uint8], size: tuple[int, int]) -> Floats:
    small = cv2.resize(canvas, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)
