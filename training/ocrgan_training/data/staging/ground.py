"""A camera above the ground from the heights of two people in its picture."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from ocrgan_edge.errors import SettingsError
from ocrgan_edge.video.scene.camera import Camera

LENS = 1.2
"""Focal length as a multiple of the picture's height: of common cameras; it decides little."""
PERSON = 1.72
"""Metres."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody who stands in the picture."""

    row: float
    """Of the feet, pixels from the top."""

    height: float
    """Pixels."""


def parse_people(text: str) -> tuple[Standing, Standing]:
    """`153:43,100:30`: row of the feet and height of two people, in pixels.

    Raises:
        SettingsError: it is something else, or nobody could stand on one ground like that.
    """
    found = re.findall(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)", text)
    if not re.fullmatch(r"[\d.]+:[\d.]+,[\d.]+:[\d.]+", text) or len(found) != 2:
        raise SettingsError(
            f"--people is {text!r}, wanted are feet's row and height of two people as 306:86,200:60"
        )
    far, near = sorted(
        (Standing(float(row), float(height)) for row, height in found), key=lambda one: one.row
    )
    if not (0 < far.height < near.height and far.row < near.row):
        raise SettingsError(
            f"--people is {text!r}: whose feet are lower in the picture must be the taller one"
        )
    return far, near


def camera_of(people: tuple[Standing, Standing], width: int, height: int) -> Camera:
    """The camera that shows both at their heights, on flat ground.

    Heights grow in proportion to the feet's distance from the horizon, so two give the horizon
    and with it the tilt; the height of one then gives the camera's.

    Args:
        people: the farther one first.
        width: of the picture, pixels.
        height: of the picture, pixels.
    """
    far, near = people
    growth = (near.height - far.height) / (near.row - far.row)
    horizon = far.row - far.height / growth
    focal = LENS * min(height, width / 1.5)
    tilt = math.atan((height / 2 - horizon) / focal)
    above = _above_ground(near, Camera(width, height, 1.0, tilt, LENS))
    return Camera(width, height, above, tilt, LENS)


def _above_ground(person: Standing, camera: Camera) -> float:
    """Metres of the camera at which PERSON is as tall in the picture as this one.

    The height shown falls as the camera rises; bisection between 0.5 m and 100 m.
    """
    low, high = 0.5, 100.0
    for _ in range(60):
        middle = math.sqrt(low * high)
        raised = Camera(camera.width, camera.height, middle, camera.tilt, camera.lens)
        if shown(raised, person.row) > person.height:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)


def shown(camera: Camera, row: float) -> float:
    """Pixels that PERSON is tall when the feet are in the middle of a row."""
    _, z = camera.ground(np.array([camera.width / 2]), np.array([row]))
    ends = camera.project(np.array([[0.0, 0.0, float(z[0])], [0.0, PERSON, float(z[0])]]))
    return float(ends[0, 1] - ends[1, 1])
