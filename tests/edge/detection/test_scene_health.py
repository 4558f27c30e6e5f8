"""Words about a rendered street: its people, its light, and what happens to the camera."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_edge.detection.scene_health import (
    FROZEN_FOR,
    LASTS,
    RELEARN,
    HealthState,
    SceneHealth,
    step,
)
from ocrgan_edge.detection.scene_look import Look, look
from ocrgan_edge.video.scene.renderer import Renderer
from ocrgan_edge.video.scene.spec import KINDS, Anomaly, SceneSpec

Picture = NDArray[np.uint8]
INTERVAL = 0.4
FAULT_AT = 14.0
"""Seconds after the first picture."""


@pytest.fixture(scope="module")
def street() -> list[Picture]:
    """28 s with every kind of anomaly in them, one picture each 0.4 s."""
    anomalies = tuple(Anomaly(kind, 3.0 * number) for number, kind in enumerate(KINDS))
    renderer = Renderer(SceneSpec(seed=5, width=320, height=208, anomalies=anomalies))
    return [renderer.frame(4 * number) for number in range(70)]


def there_and_back(pictures: Sequence[Picture], seconds: float) -> list[Picture]:
    turned = [*pictures, *pictures[-2:0:-1]]
    return [turned[number % len(turned)] for number in range(round(seconds / INTERVAL))]


def words(pictures: Iterable[Picture | Look]) -> list[tuple[float, str]]:
    """When which word was first said, from the start on."""
    state, said = HealthState(), [(0.0, "ok")]
    for number, picture in enumerate(pictures):
        seen = picture if isinstance(picture, Look) else look(picture)
        state = step(state, seen, number * INTERVAL)
        if state.scene != said[-1][1]:
            said.append((number * INTERVAL, state.scene))
    return said


def with_fault(
    pictures: Sequence[Picture], fault: Callable[[Picture], Picture], lasts: float = 1e9
) -> list[Picture]:
    first, last = FAULT_AT / INTERVAL, (FAULT_AT + lasts) / INTERVAL
    return [
        fault(picture) if first <= number < last else picture
        for number, picture in enumerate(pictures)
    ]


def darkened(picture: Picture) -> Picture:
    return np.asarray(cv2.convertScaleAbs(picture, alpha=0.08), np.uint8)


def dimmed(picture: Picture) -> Picture:
    return np.asarray(cv2.convertScaleAbs(picture, alpha=0.35), np.uint8)


def behind_a_board(picture: Picture) -> Picture:
    covered = picture.copy()
    covered[:, : covered.shape[1] * 6 // 10] = (90, 110, 120)
    return covered


def out_of_focus(picture: Picture) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 3), np.uint8)


def _warped(picture: Picture, warp: NDArray[np.float64]) -> Picture:
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(cv2.warpAffine(picture, warp, size, borderMode=cv2.BORDER_REFLECT), np.uint8)


def pushed(picture: Picture) -> Picture:
    return _warped(picture, np.array([[1.0, 0, picture.shape[1] * 0.05], [0, 1, 4]]))


def tilted(picture: Picture) -> Picture:
    middle = (picture.shape[1] / 2, picture.shape[0] / 2)
    return _warped(picture, cv2.getRotationMatrix2D(middle, 6, 1))


FAULTS = [
    (darkened, "dark"),
    (behind_a_board, "covered"),
    (out_of_focus, "blurred"),
    (pushed, "moved"),
    (tilted, "moved"),
]


def test_people_and_anomalies_are_no_faults_of_the_camera(street: list[Picture]) -> None:
    assert words(there_and_back(street, 60)) == [(0.0, "ok")]


@pytest.mark.parametrize(("fault", "word"), FAULTS)
def test_a_fault_is_told_after_it_has_lasted_and_taken_back_after_it_has_gone(
    street: list[Picture], fault: Callable[[Picture], Picture], word: str
) -> None:
    _, (begins, said), (ends, back) = words(with_fault(street, fault, lasts=8.0))
    assert (said, back) == (word, "ok")
    assert LASTS - INTERVAL <= begins - FAULT_AT <= LASTS + 2 * INTERVAL
    assert LASTS - INTERVAL <= ends - FAULT_AT - 8.0 <= LASTS + 2 * INTERVAL


@pytest.mark.parametrize(("fault", "word"), FAULTS)
def test_a_fault_of_a_second_or_two_is_not_told(
    street: list[Picture], fault: Callable[[Picture], Picture], word: str
) -> None:
    assert words(with_fault(street, fault, lasts=2.0)) == [(0.0, "ok")]


def test_light_that_is_switched_down_is_no_fault(street: list[Picture]) -> None:
    assert words(with_fault(street, dimmed)) == [(0.0, "ok")]


def test_a_light_that_is_switched_on_after_a_noisy_night_is_no_fault(
    street: list[Picture],
) -> None:
    rng = np.random.default_rng(2)
    night = [
        np.clip(p * 0.2 + rng.normal(0, 6, p.shape), 0, 255).astype(np.uint8) for p in street[:40]
    ]
    assert words([*night, *there_and_back(street, 40)]) == [(0.0, "ok")]


def test_dusk_is_no_fault_until_it_is_dark(street: list[Picture]) -> None:
    """From full light to a twentieth of it in 40 s; it is dark below about an eighth."""
    pictures = there_and_back(street, 60)
    lights = [0.05 ** min(number * INTERVAL / 40, 1) for number in range(len(pictures))]
    dusk = [cv2.convertScaleAbs(p, alpha=a) for p, a in zip(pictures, lights, strict=True)]
    said = words(np.asarray(p, np.uint8) for p in dusk)
    assert [word for _, word in said] == ["ok", "dark"]
    assert 0.05 < lights[round(said[1][0] / INTERVAL)] < 0.2


def test_a_picture_that_never_changes_is_frozen(street: list[Picture]) -> None:
    still = [look(street[-1])] * round(30 / INTERVAL)
    (_, ok), (at, said) = words([*street[:20], *still])
    assert (ok, said) == ("ok", "frozen")
    assert at - 20 * INTERVAL == pytest.approx(FROZEN_FOR, abs=2 * INTERVAL)


def test_a_frozen_picture_that_moves_again_is_ok_at_once(street: list[Picture]) -> None:
    still = [look(street[10])] * round(25 / INTERVAL)
    said = words([*street[:10], *still, *street[11:30]])
    assert [word for _, word in said] == ["ok", "frozen", "ok"]
    assert said[2][0] == pytest.approx((10 + len(still)) * INTERVAL, abs=INTERVAL)


def test_an_empty_street_with_a_sensors_noise_is_not_frozen() -> None:
    clean = Renderer(SceneSpec(width=320, height=208, noise=0, walkers_per_minute=0)).frame(0)
    rng = np.random.default_rng(0)
    noisy = [
        cv2.add(clean.astype(np.int16), rng.normal(0, 1, clean.shape).round().astype(np.int16))
        for _ in range(round(30 / INTERVAL))
    ]
    assert words(np.clip(one, 0, 255).astype(np.uint8) for one in noisy) == [(0.0, "ok")]


def test_where_a_camera_was_moved_to_becomes_usual(street: list[Picture]) -> None:
    pictures = there_and_back(street, FAULT_AT + RELEARN + 20)
    said = words(with_fault(pictures, pushed))
    assert [word for _, word in said] == ["ok", "moved", "ok"]
    assert said[2][0] - said[1][0] == pytest.approx(RELEARN + LASTS, abs=2)


def test_a_covered_camera_stays_covered(street: list[Picture]) -> None:
    pictures = there_and_back(street, 80)
    assert [word for _, word in words(with_fault(pictures, behind_a_board))] == ["ok", "covered"]


def test_a_camera_that_starts_in_the_dark_says_so_and_learns_by_day(street: list[Picture]) -> None:
    night = [darkened(picture) for picture in street[:20]]
    said = words([*night, *there_and_back(street, 40)])
    assert [word for _, word in said][:2] == ["ok", "dark"]
    assert said[-1][1] == "ok"


def test_a_wall_without_anything_on_it_is_ok() -> None:
    rng = np.random.default_rng(1)
    wall = [rng.integers(100, 108, (120, 160, 3)).astype(np.uint8) for _ in range(60)]
    assert words(wall) == [(0.0, "ok")]


def test_a_time_in_which_nothing_was_seen_does_not_make_a_fault_last(
    street: list[Picture],
) -> None:
    health = SceneHealth()
    for number, picture in enumerate(street[:30]):
        health.observe(picture, number * INTERVAL)
    assert health.observe(out_of_focus(street[30]), 1000.0) == "ok"
    assert health.observe(out_of_focus(street[31]), 1000.4) == "ok"


def test_a_source_that_starts_again_at_0_is_followed(street: list[Picture]) -> None:
    health = SceneHealth()
    times = [*(100 + INTERVAL * n for n in range(30)), *(INTERVAL * n for n in range(30))]
    assert {health.observe(p, at) for p, at in zip(street, times, strict=False)} == {"ok"}


def test_a_step_changes_nothing_but_its_result(street: list[Picture]) -> None:
    state = HealthState()
    for one, other in pairwise(look(picture) for picture in street[:6]):
        before = state
        first, second = (step(before, seen, 1.0) for seen in (one, one))
        assert first.scene == second.scene == "ok"
        assert first.levels == second.levels
        state = step(before, other, 2.0)
