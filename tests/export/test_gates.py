import io

import numpy as np
import pytest
from rich.console import Console

from ocrgan_edge.runtime.scorer import WindowScore
from ocrgan_export.gates import (
    Check,
    auc_difference,
    broken_checks,
    parity_checks,
    share_check,
    table_of,
    term_difference,
    torch_difference,
)
from ocrgan_export.measure import neutral_scores
from ocrgan_export.run_folder import Graph


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


@pytest.mark.parametrize(
    ("value", "limit", "wanted", "used"),
    [
        (0.003, 0.005, "at most", 0.6),
        (0.01, 0.005, "at most", 2.0),
        (0.995, 0.99, "at least", 0.5),
        (0.97, 0.99, "at least", 3.0),
        (float("nan"), 0.99, "at least", float("inf")),
        (float("nan"), 0.005, "at most", float("inf")),
    ],
)
def test_what_is_used_of_a_limit_is_1_at_the_limit_and_0_where_all_is_perfect(
    value, limit, wanted, used
):
    assert Check("t", "w", value, limit, wanted, required=True).used == pytest.approx(used)


def test_a_failed_check_says_by_how_much_and_where():
    check = Check("onnx-int8", "INT8 share of MACs", 0.8, 0.95, "at least", False, "in float: a, b")
    assert str(check) == (
        "onnx-int8: INT8 share of MACs is 0.8, wanted at least 0.95, missed by 0.15 "
        "(in float: a, b)"
    )


def test_a_passed_check_is_short():
    check = Check("onnx-fp32", "difference", 1e-6, 1e-4, "at most", True, "somewhere")
    assert str(check) == "onnx-fp32: difference is 1e-06, wanted at most 0.0001"


PARITY = {"spearman_windows": 0.5, "alarm_agreement": 0.5, "auc_difference": 0.1}


def test_int8_goals_are_goals_not_requirements():
    checks = [*parity_checks("onnx-int8", PARITY), share_check("onnx-int8", 0.5, "")]
    assert [check.passed for check in checks] == [False] * 4
    assert not any(check.required for check in checks)


def score(value: float) -> WindowScore:
    nothing = np.zeros(1, np.float32)
    return WindowScore(value, nothing, nothing, nothing, value, nothing)


def test_auc_differs_where_another_abnormal_window_is_below_a_normal_one():
    abnormal = np.array([False, False, True, True])
    fp32 = [score(value) for value in (0, 1, 2, 3)]  # AUC 1
    int8 = [score(value) for value in (0, 2.5, 2, 3)]  # 3 of 4 pairs in order: 0.75
    assert auc_difference(fp32, int8, abnormal) == 0.25


def test_without_abnormal_windows_no_auc_differs():
    assert auc_difference([score(1)], [score(2)], np.array([False])) == 0


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
    found = neutral_scores(exported, spec, (8, 8), windows[:2], threads=1)
    assert torch_difference(graph, windows[:2], found) < 1e-4
    assert torch_difference(graph, windows[2:4], found) > 1e-3


def scored(*terms: float) -> WindowScore:
    """A window of one frame with one place, whose terms are these."""
    one = np.ones((1, 1, 1), np.float32)
    raw = np.array(terms, np.float32)[:, None, None, None]
    return WindowScore(1.0, one[0, 0], one, one[0, 0], 1.0, raw)


def test_the_term_that_differs_most_counts_by_its_own_size():
    """The second term: differences 0.1 and 0.2 of 0.3 and 0.4, √(0.05/0.25) = 0.447."""
    wanted = [scored(100, 0.3, 0), scored(200, 0.4, 0)]
    found = [scored(100.5, 0.4, 9), scored(200, 0.2, 9)]
    assert term_difference(found, wanted) == pytest.approx(0.4472, abs=1e-4)
    assert term_difference(wanted, wanted) == 0


@pytest.mark.parametrize(
    ("ranks", "auc", "broken"), [(0.95, 0.01, 0), (0.85, 0.01, 1), (0.95, 0.06, 1), (-1, 1, 2)]
)
def test_another_network_is_told_from_a_rounded_one(ranks, auc, broken):
    parity = {"spearman_windows": ranks, "auc_difference": auc}
    assert len(broken_checks("onnx-int8", parity)) == broken


def graph_spec():
    from ocrgan_edge.bundle import InputSpec

    return InputSpec(frames=8, height=32, width=32, frames_per_second=10)
