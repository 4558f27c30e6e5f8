import io

import numpy as np
import pytest
from rich.console import Console

from ocrgan_edge.runtime.scorer import WindowScore
from ocrgan_export.gates import (
    Check,
    agreement,
    int8_checks,
    rank_correlation,
    table_of,
    torch_difference,
)
from ocrgan_export.measure import neutral_scores
from ocrgan_export.run_folder import Graph

NO_TERMS = np.zeros((5, 1, 1, 1), np.float32)


def window_score(score: float, frames: tuple[float, ...] = (0, 1)) -> WindowScore:
    shares = np.full(5, 0.2, np.float32)
    frame_scores = np.array(frames, np.float32)
    return WindowScore(score, frame_scores, frame_scores[:, None, None], shares, 0, NO_TERMS)


@pytest.mark.parametrize(
    ("value", "wanted", "passed"),
    [
        (0.5, "at most", True),
        (0.6, "at most", False),
        (0.5, "at least", True),
        (0.4, "at least", False),
        (float("nan"), "at least", False),
        (float("nan"), "at most", False),
    ],
)
def test_a_limit_is_kept_up_to_its_value_and_never_by_what_is_no_number(value, wanted, passed):
    assert Check("t", "w", value, 0.5, wanted, required=True).passed is passed


def test_a_failed_check_says_by_how_much_and_where():
    check = Check("onnx-int8", "INT8 share of MACs", 0.8, 0.95, "at least", False, "in float: a, b")
    assert str(check) == (
        "onnx-int8: INT8 share of MACs is 0.8, wanted at least 0.95, missed by 0.15 "
        "(in float: a, b)"
    )


def test_a_passed_check_is_short():
    check = Check("onnx-fp32", "difference", 1e-6, 1e-4, "at most", True, "somewhere")
    assert str(check) == "onnx-fp32: difference is 1e-06, wanted at most 0.0001"


def test_rank_correlation_sees_order_alone():
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([1.0, 10, 100])) == 1
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == -1
    # ranks 1 2 3 4 and 1 3 2 4: 1 − 6·(0+1+1+0)/(4·15)
    found = rank_correlation(np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 4]))
    assert found == pytest.approx(0.8)


def test_constant_scores_agree_with_constant_scores_alone():
    same, rising = np.ones(3), np.array([1.0, 2, 3])
    assert rank_correlation(same, same) == 1
    assert rank_correlation(same, rising) == 0


def test_agreement_uses_each_targets_own_threshold():
    reference = [window_score(score) for score in (0.1, 0.4, 0.6, 0.9)]
    found = [window_score(score) for score in (0.2, 0.8, 1.2, 1.8)]
    parity = agreement(reference, found, (0.5, 1.0))
    assert parity["alarm_agreement"] == 1
    assert parity["spearman_windows"] == pytest.approx(1)
    assert parity["largest_difference"] == pytest.approx(0.9)
    assert agreement(reference, found, (0.5, 0.7))["alarm_agreement"] == 0.75


def test_frames_are_ranked_over_all_windows_together():
    reference = [window_score(0, (1, 2)), window_score(1, (3, 4))]
    found = [window_score(0, (3, 4)), window_score(1, (1, 2))]
    assert agreement(reference, found, (0, 0))["spearman_frames"] == pytest.approx(-0.6)


def test_int8_goals_are_goals_not_requirements():
    checks = int8_checks("onnx-int8", {"spearman_windows": 0.5}, 0.5, "")
    assert [check.passed for check in checks] == [False, False]
    assert not any(check.required for check in checks)


def test_the_table_says_what_failed():
    checks = [
        Check("a", "one", 1.0, 2.0, "at most", required=True),
        Check("b", "two", 3.0, 2.0, "at most", required=True),
        Check("c", "three", 3.0, 2.0, "at most", required=False),
    ]
    text = io.StringIO()
    Console(file=text, width=100).print(table_of(checks))
    lines = text.getvalue().splitlines()
    assert [word for word in ("ok", "FAILED", "missed") if any(word in line for line in lines)] == [
        "ok",
        "FAILED",
        "missed",
    ]


def test_the_onnx_graph_says_what_pytorch_says(graph, model, windows):
    spec = graph_spec()
    exported = Graph("onnx-fp32", "onnx", "fp32", model.SerializeToString())
    found = neutral_scores(exported, spec, windows[:2], threads=1)
    assert torch_difference(graph, windows[:2], found) < 1e-4
    assert torch_difference(graph, windows[2:4], found) > 1e-3


def graph_spec():
    from ocrgan_edge.bundle import InputSpec

    return InputSpec(frames=8, height=32, width=32, frames_per_second=10)
