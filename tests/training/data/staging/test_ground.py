"""From the heights of two people to the camera that shows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.errors import SettingsError
from ocrgan_training.data.staging.ground import Standing, camera_of, parse_people, shown


def test_people_are_told_farther_one_first() -> None:
    assert parse_people("306:86,200:60") == (Standing(200.0, 60.0), Standing(306.0, 86.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("306:86", "wanted are feet's row and height of two people"),
        ("306:86,200:x", "wanted are feet's row and height of two people"),
        ("306:60,200:86", "must be the taller one"),
        ("306:86,306:60", "must be the taller one"),
        ("306:86,200:0", "must be the taller one"),
    ],
)
def test_what_cannot_stand_on_one_ground_is_one_sentence(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_people(text)


@given(
    row=st.floats(100, 300),
    height=st.floats(20, 60),
    below=st.floats(60, 200),
    growth=st.floats(0.25, 0.5),  # pixels per row; at 0.2 the camera looks down steeply, 26 % off
)
def test_the_camera_shows_people_as_tall_as_was_said(
    row: float, height: float, below: float, growth: float
) -> None:
    far, near = Standing(row, height), Standing(row + below, height + growth * below)
    camera = camera_of((far, near), 640, 480)
    assert shown(camera, near.row) == pytest.approx(near.height, rel=1e-6)
    assert shown(camera, far.row) == pytest.approx(far.height, rel=0.25)  # tilt bends it a little


def test_the_horizon_is_where_people_would_have_no_height() -> None:
    camera = camera_of((Standing(200.0, 50.0), Standing(300.0, 100.0)), 640, 480)
    assert camera.horizon == pytest.approx(100)  # 50 pixels less height every 100 rows
