from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ocrgan_edge.detection.scene_look import HEIGHT, WIDTH, likeness, look, moved, shift
from ocrgan_edge.detection.scene_reference import LEARNING, begin, compare, follow


@cache
def textured(seed: int = 0, height: int = 240, width: int = 320) -> NDArray[np.uint8]:
    """Blobs of all sizes, between 40 and 200."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width), np.float32)
    for size in (width / 300, width / 40, width / 15):
        noise = rng.standard_normal((height, width)).astype(np.float32)
        picture += cv2.normalize(cv2.GaussianBlur(noise, (0, 0), size), None, 0, 1, cv2.NORM_MINMAX)
    gray = cv2.normalize(picture, None, 40, 200, cv2.NORM_MINMAX).astype(np.uint8)
    return np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), np.uint8)


@pytest.mark.parametrize("size", [(24, 32), (240, 360), (480, 640), (1080, 1920), (1920, 1080)])
def test_every_size_is_looked_at_alike(size: tuple[int, int]) -> None:
    seen = look(np.full((*size, 3), 90, np.uint8))
    assert seen.gray.shape == seen.grain.shape == (HEIGHT, WIDTH)
    assert seen.edges.shape == seen.detail.shape == (6, 8)
    assert (seen.mean, seen.spread) == (90, 0)
    assert not seen.edges.any()


def test_a_picture_is_like_itself_in_other_light() -> None:
    one, dim = textured(), cv2.convertScaleAbs(textured(), alpha=0.4, beta=20)
    assert likeness(look(one).gray, look(dim).gray).min() > 0.98


def test_another_picture_is_not_alike() -> None:
    assert abs(likeness(look(textured(1)).gray, look(textured(2)).gray).mean()) < 0.3


def test_a_uniform_picture_is_like_nothing() -> None:
    uniform = look(np.full((240, 320, 3), 120, np.uint8))
    assert np.abs(likeness(look(textured()).gray, uniform.gray)).max() < 0.01


@settings(max_examples=30)
@given(st.integers(-25, 25), st.integers(-20, 20))
def test_a_shift_is_found_and_can_be_undone(right: int, down: int) -> None:
    gray = look(textured()).gray
    elsewhere = moved(gray, right, down)
    assert shift(gray, elsewhere) == pytest.approx((right, down), abs=0.5)
    inner = slice(30, -30)
    back = moved(elsewhere, -right, -down)
    assert np.abs(back - gray)[inner, inner].max() == 0


def test_looking_for_a_shift_leaves_the_pictures_as_they_are() -> None:
    gray = look(textured()).gray
    before = gray.copy()
    shift(gray, gray)
    assert (gray == before).all()


def learned(picture: NDArray[np.uint8]):
    seen = look(picture)
    reference = begin(seen)
    while not reference.ready:
        reference = follow(reference, seen, 0.5)
    return reference


def test_nothing_is_compared_before_the_scene_is_learned() -> None:
    seen = look(textured())
    assert compare(begin(seen), seen) is None
    assert LEARNING > 0


def test_the_usual_picture_does_not_differ() -> None:
    found = compare(learned(textured()), look(textured()))
    assert found is not None
    assert (found.alike, found.bare, found.shift) == (1, 0, 0)
    assert found.sharpness == pytest.approx(1)


def test_blur_takes_detail_but_leaves_the_picture_to_be_recognised() -> None:
    soft = cv2.GaussianBlur(textured(), (0, 0), 3)
    found = compare(learned(textured()), look(soft))
    assert found is not None
    assert found.sharpness < 0.6
    assert found.alike > 0.9


def test_half_a_picture_behind_a_board_is_half_bare() -> None:
    picture = textured().copy()
    picture[:, :160] = 110
    found = compare(learned(textured()), look(picture))
    assert found is not None
    assert (found.alike, found.bare) == (0.5, 0.5)


def test_dimmer_light_does_not_bare_a_picture() -> None:
    found = compare(learned(textured()), look(cv2.convertScaleAbs(textured(), alpha=0.3)))
    assert found is not None
    assert (found.alike, found.bare) == (1, 0)


def test_sharpness_is_compared_in_the_same_light_only() -> None:
    soft = cv2.GaussianBlur(textured(), (0, 0), 3)
    found = compare(learned(textured()), look(cv2.convertScaleAbs(soft, alpha=0.5)))
    assert found is not None
    assert found.sharpness == 1


def test_a_shift_is_told_as_a_share_of_the_width() -> None:
    found = compare(learned(textured()), look(np.roll(textured(), 32, axis=1)))
    assert found is not None
    assert found.shift == pytest.approx(0.1, abs=0.01)


def test_a_scene_without_texture_is_not_compared() -> None:
    plain = np.full((240, 320, 3), 120, np.uint8)
    assert compare(learned(plain), look(textured())) is None


def test_places_that_always_change_are_not_relied_on() -> None:
    """Leaves on the left half: another picture every time."""
    reference = begin(look(textured()))
    for number in range(30):
        picture = textured().copy()
        picture[:, :160] = textured(number + 1)[:, :160]
        reference = follow(reference, look(picture), 1.0)
    found = compare(reference, look(picture))
    assert found is not None
    assert found.alike == 1


def test_a_slow_change_becomes_usual() -> None:
    reference, new = learned(textured(1)), look(textured(2))
    for _ in range(240):
        reference = follow(reference, new, 0.5)
    found = likeness(reference.gray, new.gray)
    assert found.min() > 0.9
