from __future__ import annotations

import numpy as np
import pytest

from ocrgan_edge.detection.explain import MOST_BOXES, Box, boxes, recent_map, shares_by_term
from ocrgan_edge.runtime.scorer import WindowScore


def map_with(values: dict[tuple[int, int], float], height: int = 8, width: int = 10) -> np.ndarray:
    """(6, h, w) maps that are alike in all frames, 0 except at these places."""
    maps = np.zeros((6, height, width), np.float32)
    for (row, column), value in values.items():
        maps[:, row, column] = value
    return maps


def test_the_recent_map_is_the_mean_of_the_four_newest() -> None:
    maps = np.arange(6, dtype=np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)
    assert recent_map(maps).tolist() == [[3.5, 3.5], [3.5, 3.5]]


def test_a_place_above_the_level_is_boxed_in_shares_of_the_picture() -> None:
    (box,) = boxes(map_with({(2, 4): 3.0, (2, 5): 5.0, (3, 5): 3.0}), level=1.4)
    assert box == Box(
        left=pytest.approx(0.4),
        top=pytest.approx(0.25),
        width=pytest.approx(0.2),
        height=pytest.approx(0.25),
        score=5.0,
    )


def test_a_place_at_the_level_is_not_above_it() -> None:
    assert boxes(map_with({(2, 4): 2.0}), level=2.0) == []


def test_separate_places_have_a_box_each_the_most_unusual_first() -> None:
    found = boxes(map_with({(0, 0): 2.0, (7, 9): 6.0}), level=1.0)
    assert [(box.left, box.top) for box in found] == [(0.9, 0.875), (0.0, 0.0)]


def test_places_that_touch_at_a_corner_are_one() -> None:
    assert len(boxes(map_with({(1, 1): 2.0, (2, 2): 2.0}), level=1.0)) == 1


def test_boxes_are_few() -> None:
    many = {(row, column): 2.0 for row in range(0, 8, 2) for column in range(0, 10, 2)}
    assert len(boxes(map_with(many), level=1.0)) == MOST_BOXES


def test_boxes_lie_inside_the_picture() -> None:
    (box,) = boxes(np.full((6, 8, 10), 9, np.float32), level=1.0)
    assert (box.left, box.top, box.width, box.height) == (0, 0, 1, 1)


def test_shares_are_named() -> None:
    shares = np.array([0.1, 0.2, 0.3, 0.25, 0.15], np.float32)
    empty = np.zeros((1, 1, 1), np.float32)
    result = WindowScore(1.0, np.zeros(1, np.float32), empty, shares, 0.0, empty[None])
    assert shares_by_term(result) == pytest.approx(
        {"texture": 0.1, "shape": 0.2, "motion": 0.3, "feature": 0.25, "patch": 0.15}
    )
