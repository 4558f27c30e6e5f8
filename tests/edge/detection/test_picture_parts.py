"""The picture in parts, each with a score of its own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ocrgan_edge.detection.picture_parts import part_scores
from ocrgan_edge.runtime.scorer import WindowScore


def result(maps: NDArray[np.float32], score: float) -> WindowScore:
    shares = np.full(5, 0.2, np.float32)
    return WindowScore(score, maps.max((1, 2)), maps, shares, 0.0, np.zeros((5, *maps.shape)))


def test_each_part_scores_its_largest_value_of_the_newest_frames_mean() -> None:
    """4 × 6 cells in 2 × 3 parts of 2 × 2; the newest two of three frames count."""
    maps = np.zeros((3, 4, 6), np.float32)
    maps[0] = 50.0
    maps[1, 0, 1], maps[2, 0, 1] = 2.0, 4.0  # mean 3, upper left
    maps[2, 3, 5] = 9.0  # mean 4.5, lower right
    assert part_scores(result(maps, 4.5), recent=2).tolist() == [3.0, 0.0, 0.0, 0.0, 0.0, 4.5]


def test_a_part_without_a_place_that_counts_has_no_score() -> None:
    maps = np.ones((4, 4, 6), np.float32)
    maps[:, :2] = -np.inf
    assert part_scores(result(maps, 1.0)).tolist() == [-np.inf] * 3 + [1.0] * 3


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
def test_the_largest_part_is_the_windows_score_to_the_last_bit(
    height: int, width: int, seed: int
) -> None:
    maps = np.random.default_rng(seed).normal(size=(4, height, width)).astype(np.float32)
    score = float(maps.mean(0).max()) * (1 + 1e-6)
    assert part_scores(result(maps, score)).max() == pytest.approx(score, abs=0)


def test_a_map_smaller_than_the_grid_has_a_part_for_each_cell() -> None:
    maps = np.full((4, 1, 2), 1.0, np.float32)
    assert part_scores(result(maps, 1.0)).tolist() == [1.0, 1.0]
