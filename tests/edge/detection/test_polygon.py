from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.detection.polygon import cells, check_polygon
from ocrgan_edge.errors import SettingsError

Point = tuple[float, float]


def box(left: float, top: float, right: float, bottom: float) -> list[Point]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def drawn(points: list[Point], grid: tuple[int, int] = (4, 4)) -> list[str]:
    return ["".join("#" if cell else "." for cell in row) for row in cells(points, grid)]


def test_a_polygon_has_the_cells_whose_centres_lie_inside() -> None:
    assert drawn(box(0, 0, 0.5, 0.25)) == ["##..", "....", "....", "...."]
    assert drawn(box(0.2, 0.2, 0.8, 0.8)) == ["....", ".##.", ".##.", "...."]


def test_the_whole_picture_has_every_cell() -> None:
    assert cells(box(0, 0, 1, 1), (3, 5)).all()


def test_a_triangle_is_a_staircase() -> None:
    assert drawn([(0, 0), (1, 1), (0, 1)]) == ["....", "#...", "##..", "###."]


def test_a_concave_polygon_keeps_its_bay_free() -> None:
    horseshoe = [(0, 0), (1, 0), (1, 1), (0.75, 1), (0.75, 0.25), (0.25, 0.25), (0.25, 1), (0, 1)]
    assert drawn(horseshoe) == ["####", "#..#", "#..#", "#..#"]


def test_the_direction_and_the_first_corner_do_not_matter() -> None:
    corners = [(0.1, 0.1), (0.9, 0.3), (0.6, 0.9)]
    assert drawn(corners[::-1]) == drawn(corners) == drawn([*corners[1:], corners[0]])


def test_a_polygon_within_a_cell_has_that_cell() -> None:
    assert drawn(box(0.3, 0.55, 0.35, 0.6)) == ["....", "....", ".#..", "...."]


def test_a_small_polygon_over_an_edge_has_both_cells() -> None:
    assert drawn(box(0.45, 0.55, 0.55, 0.6)) == ["....", "....", ".##.", "...."]


def test_a_thin_polygon_in_the_last_corner_stays_in_the_picture() -> None:
    assert drawn(box(0.95, 0.99, 1, 1)) == ["....", "....", "....", "...#"]


def test_a_first_corner_that_is_given_again_at_the_end_is_no_corner() -> None:
    corners = box(0, 0, 0.5, 0.5)
    check_polygon("zone", [*corners, corners[0]])
    assert drawn([*corners, corners[0]]) == drawn(corners)


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ([(0, 0), (1, 1)], "zone has 2 points, but a polygon needs 3 or more"),
        ([(0, 0), (1.2, 0), (1, 1)], "zone has the point (1.2, 0), but both must be between 0"),
        ([(0, 0), (float("nan"), 0), (1, 1)], "zone has the point (nan, 0)"),
        ([(0, 0), (1, 1), (1, 0), (0, 1)], "zone crosses itself: its edges from (0, 0) and from"),
        ([(0, 0), (1, 0), (0.5, 0), (0.5, 1)], "zone crosses itself"),
        ([(0, 0), (0.5, 0.5), (1, 1)], "zone has no area"),
        ([(0, 0), (0, 0), (1, 1), (1, 1)], "zone has no area"),
    ],
)
def test_what_encloses_nothing_clear_is_refused(points: list[Point], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        check_polygon("zone", points)
    assert sentence in str(refused.value)


@given(st.floats(0.13, 0.87), st.floats(0.13, 0.87))
def test_neighbours_share_every_cell_out_among_them(across: float, down: float) -> None:
    parts = [
        box(0, 0, across, down),
        box(across, 0, 1, down),
        box(0, down, across, 1),
        box(across, down, 1, 1),
    ]
    assert (sum(cells(part, (5, 7)).astype(int) for part in parts) == 1).all()
