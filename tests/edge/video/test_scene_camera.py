from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.video.scene.camera import Camera
from ocrgan_edge.video.scene.painter import paint
from ocrgan_edge.video.scene.person import Person, Stance, body
from ocrgan_edge.video.scene.site import make_site
from ocrgan_edge.video.scene.track import Pose

LEVEL = Camera(width=300, height=200, above_ground=5.0, tilt=0.0, lens=1.0)
DOWN = Camera(width=300, height=200, above_ground=5.0, tilt=math.atan(0.75), lens=1.0)
"""Sine 0.6, cosine 0.8; both have a focal length of 200 pixels."""
SOMEBODY = Person(1.8, 1.0, (140, 170, 215), (25, 28, 32), (60, 60, 66), (85, 62, 42))


def test_a_level_camera_divides_by_the_distance() -> None:
    # 1 m right, 5 m below the lens, 10 m away: 200·1/10 right of and 200·5/10 below the middle
    assert LEVEL.project(np.array([[1.0, 0.0, 10.0]])) == pytest.approx(
        np.array([[170.0, 200.0, 10.0]])
    )


def test_a_camera_tilted_down_sees_the_ground_higher_up() -> None:
    # depth 0.8·10 + 0.6·5 = 11, below the axis 0.8·5 − 0.6·10 = −2
    assert DOWN.project(np.array([[0.0, 0.0, 10.0]])) == pytest.approx(
        np.array([[150.0, 100.0 - 200.0 * 2 / 11, 11.0]])
    )


def test_the_horizon_is_where_far_ground_is_seen() -> None:
    assert DOWN.horizon == pytest.approx(100 - 200 * 0.75)
    assert DOWN.project(np.array([[0.0, 0.0, 1e7]]))[0, 1] == pytest.approx(DOWN.horizon, abs=1e-3)


@given(x=st.floats(-15, 15), z=st.floats(4, 40))
def test_ground_undoes_project(x: float, z: float) -> None:
    column, row, _ = DOWN.project(np.array([[x, 0.0, z]]))[0]
    back = DOWN.ground(np.array([column]), np.array([row]))
    assert (back[0][0], back[1][0]) == pytest.approx((x, z), abs=1e-6)


@given(x=st.floats(-15, 15), y=st.floats(0, 10))
def test_wall_undoes_project(x: float, y: float) -> None:
    column, row, _ = DOWN.project(np.array([[x, y, 30.0]]))[0]
    back = DOWN.wall(np.array([column]), np.array([row]), 30.0)
    assert (back[0][0], back[1][0]) == pytest.approx((x, y), abs=1e-6)


@pytest.mark.parametrize(("distance", "pixels"), [(10.0, 36), (20.0, 18), (40.0, 9)])
def test_who_is_twice_as_far_is_half_as_tall(distance: float, pixels: int) -> None:
    # 200 pixels · 1.8 m / distance
    pose = Pose((0.0, distance), (1.0, 0.0), 0.0, 0.0)
    sprite = paint(body(SOMEBODY, pose, Stance(0.0, 0.0)), LEVEL, 1.0, solid=False)
    assert sprite is not None
    rows = np.flatnonzero((sprite.cover > 0.5).any(axis=1))
    assert rows[-1] - rows[0] + 1 == pytest.approx(pixels, abs=0.06 * pixels + 1)


def test_who_is_outside_of_the_picture_is_not_painted() -> None:
    pose = Pose((-12.0, 10.0), (1.0, 0.0), 0.0, 0.0)
    assert paint(body(SOMEBODY, pose, Stance(0.0, 0.0)), LEVEL, 1.0, solid=False) is None


@pytest.mark.parametrize("size", [(384, 256), (320, 240), (640, 480), (96, 64)])
@pytest.mark.parametrize("site", range(5))
def test_people_on_the_ways_are_18_to_60_pixels_tall_of_256(
    site: int, size: tuple[int, int]
) -> None:
    place = make_site(site)
    camera = place.camera(*size)
    for x, z in (place.on_promenade(0.0), place.link.line[1]):
        foot, top = camera.project(np.array([[x, 0.0, z], [x, 1.72, z]]))
        assert 18 <= (foot[1] - top[1]) * 384 / size[0] <= 60
        assert 0 < top[1] < foot[1] < size[1]
