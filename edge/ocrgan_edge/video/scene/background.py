"""What stands still: ground, paths, building, sky, painted once per place and size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.video.scene.camera import Camera
from ocrgan_edge.video.scene.painter import Floats
from ocrgan_edge.video.scene.site import Path, Site

FINER = 2
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Background:
    """The empty place."""

    albedo: Floats
    """(H, W, 3), 0 to 255 in full light."""

    lit: Floats
    """(H, W): 1 where light and shadow fall, 0 in the sky."""


def paint_background(site: Site, camera: Camera) -> Background:
    """The empty place as the camera sees it."""
    big = Camera(
        camera.width * FINER, camera.height * FINER, camera.above_ground, camera.tilt, camera.lens
    )
    columns, rows = np.meshgrid(np.arange(big.width) + 0.5, np.arange(big.height) + 0.5)
    picture, lit = _sky(site, columns, rows, big)
    _building(picture, lit, site, (columns, rows, big))
    below = rows > big.horizon + 2
    x, z = big.ground(columns, np.maximum(rows, big.horizon + 2))
    on_ground = below & (
        (z < site.wall) | (_beyond(site, x * site.wall / z) & (z < site.wall + 40))
    )
    picture = np.where(on_ground[..., None], _ground(site, x, z), picture)
    lit = np.where(on_ground, 1.0, lit)
    size = (camera.width, camera.height)
    albedo = cv2.resize(picture.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(lit.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return Background(np.asarray(albedo, np.float32), np.asarray(small, np.float32))


def texture(x: Array, y: Array, seed: int) -> Array:
    """Smooth random values, about -1 to 1, one per unit of x and y."""
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    right, down = x - column, y - row
    right, down = right * right * (3 - 2 * right), down * down * (3 - 2 * down)
    upper = speckle(column, row, seed) * (1 - right) + speckle(column + 1, row, seed) * right
    lower = (
        speckle(column, row + 1, seed) * (1 - right) + speckle(column + 1, row + 1, seed) * right
    )
    return np.asarray(upper * (1 - down) + lower * down, np.float64)


def speckle(column: NDArray[np.int64], row: NDArray[np.int64], seed: int) -> Array:
    """A random value of -1 to 1 for each cell of a grid."""
    mixed = (column * 73856093) ^ (row * 19349663) ^ (seed * 83492791 + 12345)
    mixed = mixed & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 13)) * 1274126177) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 16)) * 2246822519) & 0xFFFFFFFF
    return np.asarray((mixed & 0xFFFF) / 32767.5 - 1.0, np.float64)


def _sky(site: Site, columns: Array, rows: Array, camera: Camera) -> tuple[Array, Array]:
    """Pale sky above a line of far trees."""
    height = np.clip(rows / max(camera.horizon, 1.0), 0.0, 1.0)[..., None]
    picture = (1 - height) * np.array([228.0, 205.0, 182.0]) + height * np.array([238, 230, 220])
    scale = camera.focal
    hill = camera.horizon - scale * (
        0.075 + 0.025 * texture(columns / scale * 9, rows * 0, site.seed + 5)
        + 0.008 * texture(columns / scale * 40, rows * 0, site.seed + 6)
    )  # fmt: skip
    leaves = texture(columns / scale * 60, rows / scale * 60, site.seed + 7)[..., None]
    far = np.array([92.0, 112.0, 98.0]) * (1 + 0.16 * leaves)
    wooded = rows > hill
    return np.where(wooded[..., None], far, picture), np.where(wooded, 0.7, 0.0)


def _beyond(site: Site, x: Array) -> NDArray[np.bool_]:
    """Beside the building."""
    return np.asarray(x > site.wall_end if site.wall_end > 0 else x < site.wall_end, np.bool_)


def _building(picture: Array, lit: Array, site: Site, view: tuple[Array, Array, Camera]) -> None:
    """A plastered front with windows, a base of stone and a roof's edge."""
    x, y = view[2].wall(view[0], view[1], site.wall)
    tall = 9.5
    front = ~_beyond(site, x) & (y > 0) & (y < tall)
    grain = (
        1 + 0.03 * texture(x * 6, y * 6, site.seed + 1) + 0.04 * texture(x / 2, y, site.seed + 2)
    )
    tints = ((158.0, 178.0, 192.0), (140, 160, 200), (172, 178, 182), (150, 186, 198))
    paint = np.array(tints[site.seed % len(tints)])
    wall = paint * grain[..., None]
    stone = (
        np.array([112.0, 118.0, 122.0])
        * (
            1
            + 0.1
            * speckle(np.floor(x / 0.7).astype(np.int64), np.floor(y / 0.35).astype(np.int64), 3)
        )[..., None]
    )
    wall = np.where((y < 0.8)[..., None], stone, wall)
    wall = np.where(((y > tall - 0.35) | (np.abs(y - 4.4) < 0.12))[..., None], paint * 0.78, wall)
    across, up = np.mod(x, 2.7) - 1.35, np.mod(y - 1.0, 3.6) - 1.35
    frame = (np.abs(across) < 0.72) & (np.abs(up) < 0.98) & (y > 0.8)
    glass = (np.abs(across) < 0.6) & (np.abs(up) < 0.86) & (np.abs(across) > 0.05) & frame
    which = speckle(np.floor(x / 2.7).astype(np.int64), np.floor((y - 1) / 3.6).astype(np.int64), 4)
    pane = np.array([86.0, 72.0, 60.0]) * (1.15 + 0.35 * which + 0.25 * up)[..., None]
    wall = np.where(frame[..., None], np.array([205.0, 208.0, 208.0]), wall)
    wall = np.where(glass[..., None], pane, wall)
    picture[front] = wall[front]
    lit[front] = 0.8


def _ground(site: Site, x: Array, z: Array) -> Array:
    """Lawn, and paths with a kerb where they lie."""
    seed = site.seed
    grass = (
        1 + 0.10 * texture(x / 3, z / 3, seed + 21) + 0.10 * texture(x * 1.5, z * 1.5, seed + 22)
        + 0.16 * texture(x * 9, z * 5, seed + 23)
    )  # fmt: skip
    dry = (0.5 + 0.5 * texture(x / 5, z / 5, seed + 24))[..., None]
    lawn = (np.array([62.0, 118, 98]) * (1 - dry) + np.array([72.0, 122, 122]) * dry) * grass[
        ..., None
    ]
    inside = np.max([_inside(path, x, z) for path in site.paths], axis=0)
    ragged = inside + 0.05 * texture(x * 5, z * 5, seed + 25)
    picture = np.where((ragged > -0.14)[..., None], np.array([138.0, 142.0, 146.0]), lawn)
    return np.asarray(np.where((inside > 0.0)[..., None], _paving(x, z, seed), picture), np.float64)


def _paving(x: Array, z: Array, seed: int) -> Array:
    """Slabs of slightly different gray with dark joints, worn in places."""
    size = 0.62
    row = np.floor(z / size).astype(np.int64)
    shifted = x + 0.5 * size * (row % 2)
    column = np.floor(shifted / size).astype(np.int64)
    joint = np.minimum(np.mod(shifted, size), np.mod(z, size))
    value = (
        1 + 0.07 * speckle(column, row, seed + 31) + 0.05 * texture(x / 2, z / 2, seed + 32)
        + 0.04 * texture(x * 14, z * 14, seed + 33)
    )  # fmt: skip
    value = np.where(joint < 0.035, value * 0.8, value)
    return np.asarray(np.array([150.0, 160.0, 168.0]) * value[..., None], np.float64)


def _inside(path: Path, x: Array, z: Array) -> Array:
    """Metres from the path's edge, above 0 inside."""
    (x0, z0), (x1, z1) = path.line
    dx, dz = x1 - x0, z1 - z0
    along = np.clip(((x - x0) * dx + (z - z0) * dz) / (dx * dx + dz * dz), 0.0, 1.0)
    away = np.hypot(x - x0 - along * dx, z - z0 - along * dz)
    return np.asarray(path.width / 2 - away, np.float64)
