"""Things that move or are left behind: bicycle, car, bag."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.video.scene.parts import Colour, Part, shade
from ocrgan_edge.video.scene.track import Place, Pose

Array = NDArray[np.float64]
WHEEL = 0.34
"""Radius of a bicycle's wheel, metres."""


def bicycle(pose: Pose, colour: Colour) -> list[Part]:
    """Two wheels and a frame."""
    turn = np.linspace(0.0, 2 * math.pi, 17)
    parts = []
    for hub in (-0.52, 0.52):
        rim = [(0.0, WHEEL + WHEEL * math.sin(a), hub + WHEEL * math.cos(a)) for a in turn]
        parts.append(Part(_place(rim, pose), 0.028, (30, 30, 30)))
        parts.append(Part(_place(rim[::4], pose), 0.008, (120, 120, 120)))
    lines: list[list[tuple[float, float, float]]] = [
        [(0.0, WHEEL, -0.52), (0.0, 0.95, -0.15)],
        [(0.0, WHEEL, -0.52), (0.0, 0.32, -0.02), (0.0, 0.88, 0.38)],
        [(0.0, 0.95, -0.15), (0.0, 0.32, -0.02)],
        [(0.0, 0.82, -0.12), (0.0, 0.85, 0.36)],
        [(0.0, WHEEL, 0.52), (0.0, 1.02, 0.34)],
    ]
    parts += [Part(_place(line, pose), 0.03, colour) for line in lines]
    parts.append(Part(_place([(-0.25, 1.04, 0.36), (0.25, 1.04, 0.36)], pose), 0.022, (40, 40, 40)))
    return parts


def car(pose: Pose, colour: Colour) -> list[Part]:
    """A small car, from the ground up; faces in the order in which they cover each other."""
    half, parts = 0.85, []
    side = [(-2.0, 0.35), (-2.0, 0.85), (-1.75, 0.98), (1.0, 0.95), (1.95, 0.78), (2.0, 0.35)]
    cabin = [(-1.7, 0.95), (-1.3, 1.45), (0.35, 1.45), (1.05, 0.95)]
    parts += _block(pose, side, half, colour)
    parts += _block(pose, cabin, half - 0.08, (70, 62, 52))
    roof = [(x, 1.46, z) for x, z in ((-0.7, -1.3), (0.7, -1.3), (0.7, 0.35), (-0.7, 0.35))]
    parts.append(Part(_place(roof, pose), 0.0, shade(colour, 1.15)))
    for pillar in (-1.3, -0.45, 0.35):
        for flank in (-0.78, 0.78):
            foot = pillar + (0.68 if pillar > 0 else -0.38 if pillar < -1 else 0.0)
            post = [(flank, 1.45, pillar), (flank, 0.96, foot)]
            parts.append(Part(_place(post, pose), 0.045, shade(colour, 0.9)))
    near = _near_side(pose)
    for axle in (-1.25, 1.25):
        rim = [
            (near * 0.87, 0.33 + 0.33 * math.sin(a), axle + 0.33 * math.cos(a))
            for a in np.linspace(0, 2 * math.pi, 14)
        ]
        hub = [(x, 0.33 + (y - 0.33) * 0.55, axle + (z - axle) * 0.55) for x, y, z in rim]
        parts.append(Part(_place(rim, pose), 0.0, (28, 28, 30)))
        parts.append(Part(_place(hub, pose), 0.0, (150, 150, 152)))
    for lamp in (-0.6, 0.6):
        if pose.heading[1] < 0:
            parts.append(Part(_place([(lamp, 0.68, 2.0)] * 2, pose), 0.1, (215, 235, 240)))
        else:
            parts.append(Part(_place([(lamp, 0.75, -2.0)] * 2, pose), 0.09, (50, 40, 190)))
    return parts


def bag(at: Place, colour: Colour, size: float = 0.5) -> list[Part]:
    """A travelling bag that stands on the ground."""
    pose = Pose(at, (0.8, 0.6), 0.0, 0.0)
    tall = size * 0.9
    outline = [(-size / 2, 0.0), (-size / 2, tall), (size / 2, tall), (size / 2, 0.0)]
    handle = [
        (0.0, tall, -0.15),
        (0.0, tall + 0.18, -0.1),
        (0.0, tall + 0.18, 0.1),
        (0.0, tall, 0.15),
    ]
    parts = _block(pose, outline, size * 0.3, colour)
    return [*parts, Part(_place(handle, pose), 0.025, (40, 40, 45))]


def _block(
    pose: Pose, outline: list[tuple[float, float]], half: float, colour: Colour
) -> list[Part]:
    """An outline (forward, up) drawn out to both sides; only faces turned to the camera."""
    ends = [*outline[1:], outline[0]]
    parts = []
    for (z0, y0), (z1, y1) in zip(outline, ends, strict=True):
        face = _place([(-half, y0, z0), (half, y0, z0), (half, y1, z1), (-half, y1, z1)], pose)
        light = 1.12 if abs(z1 - z0) > abs(y1 - y0) else 0.72
        if light < 1 and (z0 + z1) * pose.heading[1] > 0:
            continue  # the end that looks away
        parts.append(Part(face, 0.0, shade(colour, light)))
    flank = [(_near_side(pose) * half, y, z) for z, y in outline]
    return [*parts, Part(_place(flank, pose), 0.0, shade(colour, 0.92))]


def _near_side(pose: Pose) -> float:
    """+1 when the right side looks at the camera, else -1."""
    right_x, right_z = pose.heading[1], -pose.heading[0]
    return 1.0 if right_x * pose.at[0] + right_z * pose.at[1] < 0 else -1.0


def _place(points: list[tuple[float, float, float]], pose: Pose) -> Array:
    return pose.world(*np.asarray(points, np.float64).T)
