"""From a moment of the day to a frame and its truth."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.video.scene.actors import Actor
from ocrgan_edge.video.scene.background import Background, paint_background
from ocrgan_edge.video.scene.camera import Camera
from ocrgan_edge.video.scene.day import Day
from ocrgan_edge.video.scene.painter import Floats, Sprite, cast, paint
from ocrgan_edge.video.scene.parts import Part
from ocrgan_edge.video.scene.scenery import Standing, furnish
from ocrgan_edge.video.scene.sensor import Sensor
from ocrgan_edge.video.scene.site import Site, make_site
from ocrgan_edge.video.scene.spec import SceneSpec
from ocrgan_edge.video.scene.truth import Truth

LEAST = 6
"""Pixels of an anomaly that must be seen at 384 by 256; less counts as not there."""
Drawn = tuple[Actor, list[Part]]
AMBIENT, DIRECT = 0.5, 0.5
"""Shares of light in the open; shadows take the second."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A place that is ready to be played on."""

    site: Site
    camera: Camera
    background: Background
    standing: list[Standing]
    shadow: Floats


@lru_cache(maxsize=4)
def _set_up(site_seed: int, width: int, height: int) -> Stage:
    site = make_site(site_seed)
    camera = site.camera(width, height)
    standing, shadow = furnish(site, camera)
    return Stage(site, camera, paint_background(site, camera), standing, shadow)


@dataclass(frozen=True, slots=True)
class _Layer:
    """A sprite at its place in depth, and what anomaly it shows."""

    sprite: Sprite
    depth: float
    kind: str | None
    light: float


class Renderer:
    """Frames and truths of a scene, in any order."""

    def __init__(self, spec: SceneSpec) -> None:
        """Paints the place, unless it has been painted before."""
        self.spec = spec
        self._stage = _set_up(spec.site_seed, spec.width, spec.height)
        self._day = Day(spec)
        self._sensor = Sensor(spec)
        self._light_from = -math.copysign(1.0, self._stage.site.sun[0])

    def frame(self, index: int) -> NDArray[np.uint8]:
        """The picture (H, W, 3), blue-green-red."""
        return self.frame_and_truth(index)[0]

    def truth(self, index: int) -> Truth:
        """What is to be found in a frame; much cheaper than the frame where all is normal."""
        time = index / self.spec.frames_per_second
        actors = self._day.actors(time)
        if not any(actor.kind(time) for actor in actors):
            return _truth({}, (self.spec.height, self.spec.width))
        drawn = [(actor, actor.parts(time)) for actor in actors]
        return self._judge(self._layers(drawn, time, None), index)

    def frame_and_truth(self, index: int) -> tuple[NDArray[np.uint8], Truth]:
        """Both, drawn once."""
        time = index / self.spec.frames_per_second
        stage, sun = self._stage, self._sensor.sunshine(time)
        drawn = [(actor, actor.parts(time)) for actor in self._day.actors(time)]
        light = self._light(drawn, sun)
        lit = stage.background.lit[..., None]
        picture = stage.background.albedo * (
            light[..., None] * lit + (1 - lit) * (0.85 + 0.15 * sun)
        )
        layers = self._layers(drawn, time, light)
        for layer in layers:
            area = picture[layer.sprite.window]
            area *= 1.0 - layer.sprite.cover[..., None]
            area += layer.sprite.colours * np.float32(layer.light)
        right, down = self._sensor.movement(index)
        clean = np.asarray(_moved(picture, right, down), np.float32)
        return self._sensor.record(clean, index), self._judge(layers, index)

    def _light(self, drawn: list[Drawn], sun: float) -> Floats:
        """Light on the ground (H, W): sun where no shadow falls, less sky under bodies."""
        stage = self._stage
        shadow, contact = stage.shadow.copy(), np.zeros_like(stage.shadow)
        for _, parts in drawn:
            cast(shadow, parts, stage.camera, stage.site.sun, 1.0)
            cast(contact, _footprint(parts), stage.camera, (0.0, 0.0), 0.5)
        return np.asarray(
            AMBIENT * (1.0 - contact) * (1.12 - 0.12 * sun) + DIRECT * sun * (1.0 - shadow),
            np.float32,
        )

    def _layers(self, drawn: list[Drawn], time: float, light: Floats | None) -> list[_Layer]:
        """Everything that covers, farthest first; without light the levels mean nothing."""
        camera, level = self._stage.camera, AMBIENT + DIRECT * self._sensor.sunshine(time)
        layers = [
            _Layer(thing.at(time), thing.depth, None, level) for thing in self._stage.standing
        ]
        for actor, parts in drawn:
            sprite = paint(parts, camera, self._light_from, actor.solid)
            if sprite is None:
                continue
            x, z = actor.locate(time)
            column, row, depth = camera.project(np.array([[x, 0.0, z]]))[0]
            if light is not None:
                level = _level(light, self._stage.shadow, column, row)
            layers.append(_Layer(sprite, float(depth), actor.kind(time), level))
        return sorted(layers, key=lambda layer: -layer.depth)

    def _judge(self, layers: list[_Layer], index: int) -> Truth:
        """Which pixels show an anomaly after all that stands before it."""
        size = (self.spec.height, self.spec.width)
        covers: dict[str, Floats] = {}
        for layer in layers:
            window = layer.sprite.window
            for cover in covers.values():
                cover[window] *= 1.0 - layer.sprite.cover
            if layer.kind is not None:
                cover = covers.setdefault(layer.kind, np.zeros(size, np.float32))
                cover[window] += layer.sprite.cover
        move = self._sensor.movement(index)
        return _truth({kind: _moved(cover, *move) for kind, cover in covers.items()}, size)


def render(spec: SceneSpec) -> Iterator[tuple[NDArray[np.uint8], Truth]]:
    """All frames of a scene with their truths; without end when the spec has none."""
    renderer, index = Renderer(spec), 0
    while spec.length is None or index < spec.length:
        yield renderer.frame_and_truth(index)
        index += 1


def _truth(covers: dict[str, Floats], size: tuple[int, int]) -> Truth:
    least = max(1, round(LEAST * size[0] * size[1] / (384 * 256)))
    masks = {kind: cover > 0.5 for kind, cover in covers.items()}
    masks = {kind: mask for kind, mask in masks.items() if np.count_nonzero(mask) >= least}
    union = np.zeros(size, np.bool_)
    for mask in masks.values():
        union |= mask
    return Truth(int(bool(masks)), union, tuple(sorted(masks)))


def _footprint(parts: list[Part]) -> list[Part]:
    """A flat patch under what is near the ground."""
    low = [part.points[part.points[:, 1] < 0.25] for part in parts]
    points = np.concatenate(low) if any(len(some) for some in low) else parts[0].points
    flat = points * (1.0, 0.0, 1.0)
    return [Part(np.stack([flat.min(axis=0), flat.max(axis=0)]), 0.14, (0, 0, 0))]


def _level(light: Floats, shadow: Floats, column: float, row: float) -> float:
    """Light on somebody whose foot is at a pixel, without the shadow that he casts himself."""
    height, width = light.shape
    place = (min(max(int(row), 0), height - 1), min(max(int(column), 0), width - 1))
    open_light = float(light.max())
    return open_light - DIRECT * 0.8 * float(shadow[place]) * open_light


def _moved(picture: Floats, right: float, down: float) -> Floats:
    if right == 0.0 and down == 0.0:
        return picture
    move = np.array([[1.0, 0.0, right], [0.0, 1.0, down]], np.float32)
    size = (picture.shape[1], picture.shape[0])
    moved = cv2.warpAffine(picture, move, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)
