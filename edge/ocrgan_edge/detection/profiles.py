"""Day and night: which of a camera's calibrations holds, by the clock or by the picture's light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.runtime.scorer import LocationStatistics

Profile = Literal["always", "day", "night"]
"""`always`: the camera makes no difference between day and night."""
PROFILES: tuple[Profile, ...] = ("always", "day", "night")

NIGHT_BELOW = 60.0
"""Mean level of the picture, 0 … 255."""
DAY_ABOVE = 80.0
BETWEEN = (NIGHT_BELOW + DAY_ABOVE) / 2
"""Tells day from night where nothing is known of the time before."""
LASTS = 60.0
"""Seconds that it must be so dark, or so light: a lamp, a car's lights or a cloud is no dawn."""
EVERY = 8
"""Pixels: the light is measured on a grid."""


@dataclass(frozen=True, eq=False)
class Learned:
    """What a score and an alarm go by: of a bundle, or of a camera's own calibration."""

    statistics: LocationStatistics
    median: float
    """Median score of normal life."""
    threshold: float


@dataclass(frozen=True, slots=True)
class Light:
    """What has to be remembered between two pictures; `Light()` at the start."""

    profile: Literal["day", "night"] | None = None
    """None before the first picture."""
    other_since: float | None = None
    """Since when every picture has spoken for the other one."""


def level_of(image: NDArray[np.uint8]) -> float:
    """Mean level of a picture (H, W, 3), 0 … 255."""
    return float(image[::EVERY, ::EVERY].mean())


def step(light: Light, level: float, at: float) -> Light:
    """Takes the next picture: between the two levels nothing changes (hysteresis).

    Args:
        light: after the picture before; `Light()` at the start.
        level: of this picture, see `level_of`.
        at: its media time in seconds.
    """
    if light.profile is None:
        return Light("night" if level < BETWEEN else "day")
    other = level > DAY_ABOVE if light.profile == "night" else level < NIGHT_BELOW
    if not other:
        return replace(light, other_since=None)
    if light.other_since is None or at < light.other_since:
        return replace(light, other_since=at)
    if at - light.other_since < LASTS:
        return light
    return Light("day" if light.profile == "night" else "night")


def learned_for(learned: Mapping[Profile, Learned], profile: Profile) -> Learned:
    """What holds in a profile: its own calibration, else that for always, which must be there."""
    return learned.get(profile, learned["always"])
