"""Actors over the frames of a recording, with the truth about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.video.scene.actors import Actor
from ocrgan_edge.video.scene.camera import Camera
from ocrgan_edge.video.scene.painter import Floats, Sprite, cast, paint
from ocrgan_edge.video.scene.truth import Truth

SUN = (0.5, 0.35)
"""Where the shadow of a point one metre above the ground falls, relative to its foot."""
SHADOW = 0.3
"""Share of the light that it takes."""
MIDDLE = 115.0
"""Mean grey level of a picture in whose light actors have their own colours."""
LEAST = 6
"""Pixels of an anomaly that must be seen; fewer count as not there."""
GREY = 2.0
"""Largest mean difference between channels of a recording without colours."""
Image = NDArray[np.uint8]


def staged(
    frames: Iterable[Image], actors: list[Actor], camera: Camera, frames_per_second: float
) -> Iterator[tuple[Image, Truth]]:
    """Every frame with the actors in it.

    Whoever is drawn covers what was filmed: nobody walks behind a real tree.

    Args:
        frames: (H, W, 3), blue-green-red.
        actors: their times count from the first frame.
        camera: of the same picture size.
        frames_per_second: of the frames.
    """
    for index, frame in enumerate(frames):
        time = index / frames_per_second
        there = [one for one in actors if one.start <= time <= one.end]
        yield _blend(frame, there, time, camera)


def _blend(frame: Image, actors: list[Actor], time: float, camera: Camera) -> tuple[Image, Truth]:
    picture = frame.astype(np.float32)
    light = float(np.clip(picture.mean() / MIDDLE, 0.35, 1.35))
    coloured = float(np.abs(picture[..., 0] - picture[..., 2]).mean()) > GREY
    shadow = np.zeros(frame.shape[:2], np.float32)
    covers: dict[str, Floats] = {}
    for actor in actors:
        cast(shadow, actor.parts(time), camera, SUN, SHADOW)
    picture *= 1.0 - shadow[..., None]
    for actor in sorted(actors, key=lambda one: -one.locate(time)[1]):
        sprite = paint(actor.parts(time), camera, -1.0, actor.solid)
        if sprite is None:
            continue
        area = picture[sprite.window]
        area *= 1.0 - sprite.cover[..., None]
        area += np.float32(light) * (sprite.colours if coloured else _grey(sprite))
        for cover in covers.values():
            cover[sprite.window] *= 1.0 - sprite.cover
        kind = actor.kind(time)
        if kind is not None:
            cover = covers.setdefault(kind, np.zeros(frame.shape[:2], np.float32))
            cover[sprite.window] += sprite.cover
    np.clip(np.rint(picture), 0.0, 255.0, out=picture)
    return picture.astype(np.uint8), _truth(covers, frame.shape[:2])


def _grey(sprite: Sprite) -> Floats:
    return np.asarray(cv2.cvtColor(sprite.colours, cv2.COLOR_BGR2GRAY), np.float32)[..., None]


def _truth(covers: dict[str, Floats], size: tuple[int, ...]) -> Truth:
    masks = {kind: cover > 0.5 for kind, cover in covers.items()}
    seen = {kind: mask for kind, mask in masks.items() if np.count_nonzero(mask) >= LEAST}
    union = np.zeros(size, np.bool_)
    for mask in seen.values():
        union |= mask
    return Truth(int(bool(seen)), union, tuple(sorted(seen)))
