"""Figures of detection, worked out by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_training.evaluation.metrics import (
    auc,
    equal_error_rate,
    frame_figures,
    lowest_for_unknown,
    poisson_upper_bound,
    runs,
)


def scores(*values: float) -> NDArray[np.float64]:
    return np.array(values, np.float64)


def labels(*values: int) -> NDArray[np.bool_]:
    return np.array(values, np.bool_)


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    # abnormal 2, 4 against normal 1, 3: three of the four pairs are right
    assert auc(scores(1, 2, 3, 4), labels(0, 1, 0, 1)) == 0.75


def test_a_tie_counts_half() -> None:
    assert auc(scores(1, 1), labels(0, 1)) == 0.5


def test_auc_of_one_class_is_unknown() -> None:
    assert auc(scores(1, 2), labels(1, 1)) is None
    assert auc(scores(1, 2), labels(0, 0)) is None


def test_equal_error_rate_of_perfect_scores_is_0() -> None:
    assert equal_error_rate(scores(1, 2, 3), labels(0, 0, 1)) == 0


def test_equal_error_rate_where_it_is_a_measured_point() -> None:
    # above 2: one of two normal frames (false 0.5), one of two abnormal (missed 0.5)
    assert equal_error_rate(scores(1, 2, 3, 4), labels(0, 1, 0, 1)) == 0.5


def test_equal_error_rate_between_measured_points() -> None:
    # normal 1, 2, 4; abnormal 3: from (false ⅓, missed 1) straight to (⅓, 0): equal at ⅓
    assert equal_error_rate(scores(1, 2, 3, 4), labels(0, 0, 1, 0)) == pytest.approx(1 / 3)


def test_average_precision_by_hand() -> None:
    # from the top: abnormal (1/1), normal, abnormal (2/3): mean of the two precisions
    figures = frame_figures({"a": scores(3, 2, 1)}, {"a": labels(1, 0, 1)})
    assert figures.average_precision == pytest.approx((1 + 2 / 3) / 2)


def test_micro_pools_frames_and_macro_averages_clips() -> None:
    figures = frame_figures(
        {"low": scores(1, 2), "high": scores(11, 12), "normal": scores(5)},
        {"low": labels(0, 1), "high": labels(0, 1), "normal": labels(0)},
    )
    assert figures.macro_auc == 1.0  # each clip alone is perfect; the third has one class
    assert figures.auc == pytest.approx(4 / 6)  # 2 > 1; 12 > 1, 11, 5


def test_a_frame_without_evidence_counts_as_the_lowest_of_all_clips() -> None:
    known = lowest_for_unknown({"a": scores(-np.inf, 5), "b": scores(3, 4)})
    assert known["a"].tolist() == [2, 5]


def test_abnormal_frames_before_the_first_window_are_missed() -> None:
    figures = frame_figures({"a": scores(-np.inf, 0, 9)}, {"a": labels(1, 0, 1)})
    assert figures.auc == 0.5


def test_clips_without_any_evidence_are_all_equal() -> None:
    figures = frame_figures({"a": scores(-np.inf, -np.inf)}, {"a": labels(1, 0)})
    assert figures.auc == 0.5


def test_figures_of_normal_clips_alone_are_unknown() -> None:
    figures = frame_figures({"a": scores(1, 2)}, {"a": labels(0, 0)})
    assert (figures.auc, figures.average_precision, figures.equal_error_rate) == (None,) * 3


@pytest.mark.parametrize(("count", "bound"), [(0, 2.9957), (1, 4.7439), (10, 16.962)])
def test_poisson_bounds_are_the_tables(count: int, bound: float) -> None:
    assert poisson_upper_bound(count) == pytest.approx(bound, abs=1e-3)


def test_runs_are_first_and_one_past_last() -> None:
    assert runs(labels(1, 0, 1, 1, 0, 1)) == [(0, 1), (2, 4), (5, 6)]
    assert runs(labels(0, 0)) == []
