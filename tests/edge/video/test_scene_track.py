from __future__ import annotations

import numpy as np
import pytest

from ocrgan_edge.video.scene.actors import Fall
from ocrgan_edge.video.scene.people import aside, paused
from ocrgan_edge.video.scene.track import join, walk

CORNER = walk([(0.0, 0.0), (6.0, 0.0), (6.0, 3.0)], 1.5, 10.0)
"""Six metres right in 4 s, three away in 2 s."""


def test_a_walk_lasts_as_long_as_its_speed_demands() -> None:
    assert (CORNER.start, CORNER.end) == (10.0, 16.0)


@pytest.mark.parametrize(
    ("time", "place"),
    [(12.0, (3.0, 0.0)), (15.0, (6.0, 1.5)), (0.0, (0.0, 0.0)), (99.0, (6.0, 3.0))],
)
def test_a_place_is_a_pure_function_of_time(time: float, place: tuple[float, float]) -> None:
    assert CORNER.place(time) == pytest.approx(place)


def test_a_pose_looks_where_it_goes() -> None:
    pose = CORNER.pose(12.0)
    assert pose.at == pytest.approx((3.0, 0.0))
    assert pose.heading == pytest.approx((1.0, 0.0))
    assert (pose.speed, pose.walked) == pytest.approx((1.5, 3.0))


def test_corners_are_rounded() -> None:
    # at the corner: 0.45 m before it, twice itself, 0.45 m after it, over four
    pose = CORNER.pose(14.0)
    assert pose.at == pytest.approx((6.0 - 0.45 / 4, 0.45 / 4))
    assert pose.heading == pytest.approx((0.5**0.5, 0.5**0.5))


def test_tracks_joined_with_time_between_them_stand_still() -> None:
    track = join(walk([(0.0, 0.0), (2.0, 0.0)], 1.0, 0.0), walk([(2.0, 0.0), (2.0, 1.0)], 1.0, 5.0))
    pose = track.pose(3.5)
    assert (pose.at, pose.speed) == ((2.0, 0.0), 0.0)
    assert pose.heading == (1.0, 0.0)  # as he came
    assert track.end == 6.0


def test_a_pause_delays_what_comes_after_it() -> None:
    track = paused(CORNER, 0.5, 4.0)  # at 13 s, 4.5 m along
    assert [track.place(time)[0] for time in (12.0, 13.0, 17.0, 18.0)] == [3.0, 4.5, 4.5, 6.0]
    assert track.end == 20.0


def test_aside_is_to_the_right_of_the_way() -> None:
    assert aside([(0.0, 5.0), (9.0, 5.0)], 2.0) == [(0.0, 3.0), (9.0, 3.0)]
    assert aside([(9.0, 5.0), (0.0, 5.0)], 2.0) == [(9.0, 7.0), (0.0, 7.0)]


def test_a_body_stands_in_the_world_as_it_looks() -> None:
    # looking left along x, the right hand is away from the camera
    pose = walk([(4.0, 10.0), (0.0, 10.0)], 1.0, 0.0).pose(2.0)
    right, up, forward = ([0.3, 0.0], [1.0, 1.5], [0.0, 0.2])
    world = pose.world(*map(np.array, (right, up, forward)))
    assert world == pytest.approx(np.array([[2.0, 1.0, 10.3], [1.8, 1.5, 10.0]]))


def test_who_falls_is_down_after_0_7_s_and_gets_up_in_1_8_s() -> None:
    fall = Fall(start=5.0, lying=6.0)
    lies = 0.97 * 1.5708
    tilts = [fall.tilt(time) for time in (5.0, 5.35, 5.7, 11.7, 12.6, 13.5, 20.0)]
    assert tilts == pytest.approx([0.0, lies / 4, lies, lies, lies / 2, 0.0, 0.0], abs=1e-4)
    assert fall.end == 13.5
