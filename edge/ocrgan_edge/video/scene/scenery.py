"""What stands in the scene and can hide people: trees that sway, lamp posts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from ocrgan_edge.video.scene.camera import Camera
from ocrgan_edge.video.scene.painter import Floats, Sprite, cast, paint
from ocrgan_edge.video.scene.parts import Part
from ocrgan_edge.video.scene.site import Site, Tree


@dataclass(frozen=True, slots=True)
class Standing:
    """A thing that stays where it is."""

    sprite: Sprite
    depth: float
    """Of its foot, metres."""

    sway: float
    """Pixels at its top in the wind."""

    pace: float
    """Radians per second."""

    def at(self, time: float) -> Sprite:
        """As it stands at a time: the top moves, the foot does not."""
        if self.sway == 0.0:
            return self.sprite
        wind = math.sin(self.pace * time) + 0.6 * math.sin(2.3 * self.pace * time + 1.0)
        height, width = self.sprite.cover.shape
        shear = self.sway * wind / height
        move = np.array([[1.0, -shear, shear * height], [0.0, 1.0, 0.0]], np.float32)
        colours = cv2.warpAffine(self.sprite.colours, move, (width, height))
        cover = cv2.warpAffine(self.sprite.cover, move, (width, height))
        return Sprite(
            self.sprite.left,
            self.sprite.top,
            np.asarray(colours, np.float32),
            np.asarray(cover, np.float32),
        )


def furnish(site: Site, camera: Camera) -> tuple[list[Standing], Floats]:
    """All that stands, farthest first, and its shadow on the ground (H, W), 0 to 1."""
    light_from = -math.copysign(1.0, site.sun[0])
    shadow = np.zeros((camera.height, camera.width), np.float32)
    found = []
    for number, tree in enumerate(site.trees):
        parts = _tree(tree)
        sprite = paint(parts, camera, light_from, solid=True)
        cast(shadow, parts, camera, site.sun, 0.9)
        if sprite is not None:
            depth = float(camera.project(np.array([[tree.at[0], 0.0, tree.at[1]]]))[0, 2])
            sway = 0.05 * camera.focal / depth
            found.append(Standing(sprite, depth, sway, 1.1 + 0.17 * number))
    for x, z in site.lamps:
        parts = _lamp(x, z)
        sprite = paint(parts, camera, light_from, solid=True)
        cast(shadow, parts, camera, site.sun, 0.9)
        if sprite is not None:
            depth = float(camera.project(np.array([[x, 0.0, z]]))[0, 2])
            found.append(Standing(sprite, depth, 0.0, 0.0))
    return sorted(found, key=lambda it: -it.depth), cv2.blur(shadow, (3, 3)).astype(np.float32)


def _tree(tree: Tree) -> list[Part]:
    """A trunk and many clumps of leaves, lighter towards the top."""
    rng = np.random.default_rng(tree.seed)
    x, z = tree.at
    middle = tree.height - tree.crown
    trunk = np.array([[x, 0.0, z], [x + 0.05, middle, z]])
    parts = [Part(trunk, 0.13, (48, 60, 72))]
    clumps = []
    for _ in range(90):
        way = rng.normal(size=3)
        way *= tree.crown * rng.uniform(0.25, 0.95) / np.linalg.norm(way)
        clumps.append((x + way[0], middle + way[1] * 1.05, z + way[2]))
    clumps.sort(key=lambda it: -it[2] + 0.4 * it[1])
    for clump in clumps:
        light = 0.75 + 0.35 * (clump[1] - middle) / tree.crown + float(rng.uniform(-0.15, 0.15))
        tint = (42.0 * light, 92.0 * light, 72.0 * light)
        parts.append(Part(np.array([clump, clump]), 0.2 * tree.crown, tint))
    return parts


def _lamp(x: float, z: float) -> list[Part]:
    """A lamp post of 4 m."""
    post = np.array([[x, 0.0, z], [x, 3.9, z]])
    head = np.array([[x - 0.18, 3.95, z], [x + 0.18, 3.95, z]])
    foot = np.array([[x, 0.0, z], [x, 0.7, z]])
    gray = (70.0, 74.0, 72.0)
    return [Part(post, 0.05, gray), Part(foot, 0.085, gray), Part(head, 0.13, (190, 205, 210))]
