"""From parts in the world to small pictures with soft edges, and to shadows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.video.scene.camera import Camera
from ocrgan_edge.video.scene.parts import Part, shade

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
    seen, starts, counts = _project(parts, camera)
    depths = np.add.reduceat(seen[:, 2], starts) / counts
    radii = np.array([part.radius for part in parts]) * camera.focal / depths
    box = _box(seen[:, :2], float(radii.max()) + 1.0, camera)
    if box is None:
        return None
    left, top, right, bottom = box
    lines = (seen[:, :2] - (left, top)) * FINER
    lights = lines + np.repeat(radii, counts)[:, None] * FINER * (light_from * 0.3, -0.2)
    fixed, moved = _fixed(lines), _fixed(lights)
    canvas = np.zeros(((bottom - top) * FINER, (right - left) * FINER, 4), np.uint8)
    for index in range(len(parts)) if solid else np.argsort(-depths):
        piece = slice(starts[index], starts[index] + counts[index])
        _draw(canvas, (fixed[piece], moved[piece]), float(radii[index]) * FINER, parts[index])
    small = _shrink(canvas, (bottom - top, right - left))
    return Sprite(left, top, small[..., :3], small[..., 3] / 255.0)


def cast(
    layer: Floats, parts: list[Part], camera: Camera, sun: tuple[float, float], strength: float
) -> None:
    """Adds the parts' shadow on the ground to a layer (H, W) of 0 to 1."""
    seen, starts, counts = _project(parts, camera, sun)
    depths = np.add.reduceat(seen[:, 2], starts) / counts
    radii = np.array([part.radius for part in parts]) * camera.focal / depths * 0.8
    box = _box(seen[:, :2], float(radii.max()) + 3.0, camera)
    if box is None:
        return
    left, top, right, bottom = box
    fixed = _fixed((seen[:, :2] - (left, top)) * 2)
    canvas = np.zeros(((bottom - top) * 2, (right - left) * 2), np.uint8)
    for part, start, count, radius in zip(parts, starts, counts, radii, strict=True):
        _stroke(canvas, fixed[start : start + count], radius * 2 if part.radius else 0.0, (255.0,))
    small = cv2.blur(_shrink(canvas, (bottom - top, right - left)), (3, 3))
    area = layer[top:bottom, left:right]
    np.maximum(area, small * np.float32(strength / 255.0), out=area)


def _project(
    parts: list[Part], camera: Camera, sun: tuple[float, float] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """All points as seen, or their shadows; where each part's begin, and how many it has."""
    points = np.concatenate([part.points for part in parts])
    if sun is not None:
        up = np.maximum(points[:, 1], 0.0)
        points = np.stack(
            [points[:, 0] + sun[0] * up, 0.0 * up, points[:, 2] + sun[1] * up], axis=1
        )
    counts = np.array([len(part.points) for part in parts])
    return camera.project(points), np.cumsum(counts) - counts, counts


def _box(
    points: NDArray[np.float64], margin: float, camera: Camera
) -> tuple[int, int, int, int] | None:
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    right, bottom = min(camera.width, int(high[0]) + 1), min(camera.height, int(high[1]) + 1)
    return (left, top, right, bottom) if left < right and top < bottom else None


def _draw(
    canvas: NDArray[np.uint8],
    lines: tuple[NDArray[np.int32], NDArray[np.int32]],
    radius: float,
    part: Part,
) -> None:
    """A face flat, a limb with a dark and a light side; the second line is where light falls."""
    if part.radius == 0.0 or radius < 2.5:
        _stroke(canvas, lines[0], radius if part.radius else 0.0, (*part.colour, 255.0))
        return
    _stroke(canvas, lines[0], radius, (*shade(part.colour, 0.68), 255.0))
    _stroke(canvas, lines[1], radius * 0.66, (*shade(part.colour, 1.08), 255.0))


def _stroke(
    canvas: NDArray[np.uint8], line: NDArray[np.int32], radius: float, colour: tuple[float, ...]
) -> None:
    """A line of some thickness; a filled convex face without."""
    if radius == 0.0:
        cv2.fillConvexPoly(canvas, line, colour, cv2.LINE_8, SHIFT)
        return
    cv2.polylines(canvas, [line], False, colour, max(1, round(2 * radius)), cv2.LINE_8, SHIFT)


def _fixed(lines: NDArray[np.float64]) -> NDArray[np.int32]:
    """Pixels → OpenCV's fixed-point coordinates."""
    return np.asarray(np.rint(np.clip(lines, -20000, 20000) * (1 << SHIFT)), np.int32)


def _shrink(canvas: NDArray[np.uint8], size: tuple[int, int]) -> Floats:
    small = cv2.resize(canvas, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)
