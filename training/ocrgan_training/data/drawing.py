"""Things nobody has seen: a few shapes drawn in the gray levels of a recording."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_training.data import edits

Bytes = NDArray[np.uint8]
_Layers = tuple[tuple[Bytes, list[float]], tuple[Bytes, list[float]]]
"""The picture and its colour, the cover and full."""


def draw_thing(donor: Bytes, size: tuple[int, int], random: np.random.Generator) -> edits.Patch:
    """One to four ellipses, rings, bars and strokes in gray levels of `donor`: (1, h, w, 3)."""
    height, width = size
    picture = np.zeros((height, width, 3), np.uint8)
    cover = np.zeros((height, width), np.uint8)
    for _ in range(1 + int(random.integers(4))):
        pixel = donor[tuple(random.integers(donor.shape[:3]))].astype(np.float32)
        gray = np.clip(pixel * random.uniform(0.3, 1.6), 0, 255).tolist()
        draw = (_ellipse, _bar, _stroke)[random.integers(3)]
        draw(((picture, gray), (cover, [255.0])), size, random)
    soft = cv2.GaussianBlur(cover, (3, 3), 0).astype(np.float32) / np.float32(255)
    filled = np.where(cover[..., None] > 0, picture, cv2.dilate(picture, np.ones((3, 3), np.uint8)))
    return edits.Patch(filled[None].astype(np.float32), soft[None])


def _ellipse(layers: _Layers, size: tuple[int, int], random: np.random.Generator) -> None:
    centre, axes = _somewhere(size, random), _somewhere(size, random)
    axes = max(1, axes[0] // 2), max(1, axes[1] // 2)
    thick = -1 if random.random() < 0.5 else 1
    angle = random.uniform(0, 180)
    for layer, colour in layers:
        cv2.ellipse(layer, centre, axes, angle, 0, 360, colour, thick, cv2.LINE_AA)


def _bar(layers: _Layers, size: tuple[int, int], random: np.random.Generator) -> None:
    corner, other = _somewhere(size, random), _somewhere(size, random)
    for layer, colour in layers:
        cv2.rectangle(layer, corner, other, colour, -1, cv2.LINE_AA)


def _stroke(layers: _Layers, size: tuple[int, int], random: np.random.Generator) -> None:
    start, end = _somewhere(size, random), _somewhere(size, random)
    thick = 1 + int(random.integers(max(1, min(size) // 8)))
    for layer, colour in layers:
        cv2.line(layer, start, end, colour, thick, cv2.LINE_AA)


def _somewhere(size: tuple[int, int], random: np.random.Generator) -> tuple[int, int]:
    """(x, y) inside (h, w)."""
    return int(random.integers(size[1])), int(random.integers(size[0]))
