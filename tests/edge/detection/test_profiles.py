from __future__ import annotations

import numpy as np
import pytest

from ocrgan_edge.detection.profiles import Learned, Light, learned_for, level_of, step
from ocrgan_edge.runtime.scorer import LocationStatistics


def seen(*levels: tuple[float, float]) -> list[str | None]:
    """What holds after each picture, of (seconds, level)."""
    light, found = Light(), []
    for at, level in levels:
        light = step(light, level, at)
        found.append(light.profile)
    return found


@pytest.mark.parametrize(("level", "profile"), [(10.0, "night"), (200.0, "day"), (75.0, "day")])
def test_the_first_picture_tells(level: float, profile: str) -> None:
    assert seen((0, level)) == [profile]


def test_a_minute_of_dark_makes_it_night() -> None:
    assert seen((0, 120), (10, 40), (69, 40), (70, 40)) == ["day", "day", "day", "night"]


def test_between_the_levels_nothing_changes() -> None:
    assert seen((0, 120), (10, 70), (900, 61)) == ["day"] * 3
    assert seen((0, 20), (10, 70), (900, 79)) == ["night"] * 3


def test_a_car_s_lights_make_no_day() -> None:
    assert seen((0, 20), (10, 150), (60, 150), (65, 20), (80, 150)) == ["night"] * 5


def test_a_clock_that_starts_again_does_no_harm() -> None:
    assert seen((500, 120), (510, 20), (0, 20), (59, 20), (60, 20))[-2:] == ["day", "night"]


def test_the_level_is_the_mean_of_the_picture() -> None:
    assert level_of(np.full((48, 64, 3), 80, np.uint8)) == 80


def test_a_profile_without_calibration_goes_by_that_for_always() -> None:
    always, night = (Learned(LocationStatistics.neutral((5, 2, 2)), 0.0, n) for n in (1.0, 2.0))
    learned = {"always": always, "night": night}
    assert learned_for(learned, "night") is night
    assert learned_for(learned, "day") is always
