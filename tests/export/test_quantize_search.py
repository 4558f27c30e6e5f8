from dataclasses import replace

import numpy as np
import pytest

from ocrgan_edge.bundle import Calibration
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_export.gates import parity_checks, share_check
from ocrgan_export.measure import Measured
from ocrgan_export.quantize_search import Judged, search
from ocrgan_export.sensitivity import LayerError

CALIBRATION = Calibration(
    threshold=1, median=0, false_alarms_per_day=1, windows=9, minutes=1, hop=4, source="none"
)
ERRORS = [
    LayerError("heavy", 0.06, 0.4),
    LayerError("bad", 0.02, 0.3),
    LayerError("fair", 0.01, 0.1),
    LayerError("rest", 0.91, 0.0),
]


def judged(ranks: float, share: float = 0.98) -> Judged:
    parity = {"spearman_windows": ranks, "alarm_agreement": 1.0, "auc_difference": 0.0}
    graph = Graph("onnx-int8", "onnx", "int8", b"")
    statistics = LocationStatistics.neutral((5, 2, 2))
    measured = Measured(graph, statistics, CALIBRATION, np.zeros(1, np.float32), parity, share)
    return Judged(measured, parity_checks("t", parity), share_check("t", share, ""))


class Bench:
    """Ranks by what is kept in float, as a real graph would be told to have."""

    def __init__(self, ranks: dict[tuple[str, ...], float]) -> None:
        self.ranks = ranks
        self.tried: list[tuple[str, ...]] = []

    def make(self, kept) -> Graph:
        self.tried.append(tuple(kept))
        return Graph(",".join(kept), "onnx", "int8", b"")

    def judge(self, graph: Graph) -> Judged:
        return judged(self.ranks.get(tuple(graph.target.split(",")), 0.9))


def test_a_graph_that_passes_is_left_as_it_is():
    bench = Bench({})
    assert search(judged(0.995), ERRORS, bench.make, bench.judge).kept == ()
    assert bench.tried == []


def test_the_first_choice_that_passes_is_taken():
    bench = Bench({("bad", "fair"): 0.993})
    found = search(judged(0.95), ERRORS, bench.make, bench.judge)
    assert found.kept == ("bad", "fair")
    assert found.passed


def test_a_layer_too_heavy_for_the_share_is_kept_only_where_the_others_do_not_suffice():
    bench = Bench({("heavy",): 0.994})
    found = search(judged(0.95), ERRORS, bench.make, bench.judge)
    assert found.kept == ("heavy",)
    assert bench.tried == [("bad", "fair"), ("heavy",)]


def test_where_nothing_passes_the_best_ranks_are_kept():
    bench = Bench({("bad", "fair"): 0.97, ("heavy", "bad"): 0.96})
    found = search(judged(0.95), ERRORS, bench.make, bench.judge)
    assert found.kept == ("bad", "fair")
    assert not found.passed


def test_the_goal_that_is_worst_decides_what_is_kept():
    """Hardly better ranks are not worth alarms that come five times as far off."""

    def judge(graph):
        parity = {"spearman_windows": 0.9851, "alarm_agreement": 0.95, "auc_difference": 0.0}
        return replace(judged(0.98), parity=parity_checks(graph.target, parity))

    assert search(judged(0.985), ERRORS, Bench({}).make, judge).kept == ()


def test_what_makes_it_worse_is_not_kept():
    bench = Bench({})
    assert search(judged(0.95), ERRORS, bench.make, bench.judge).kept == ()


@pytest.mark.parametrize(
    ("ranks", "alarms", "auc"), [(0.98, 1.0, 0.0), (1.0, 0.98, 0.0), (1.0, 1.0, 0.006)]
)
def test_ranks_alarms_and_auc_must_all_hold(ranks, alarms, auc):
    parity = {"spearman_windows": ranks, "alarm_agreement": alarms, "auc_difference": auc}
    assert [check.passed for check in parity_checks("t", parity)].count(False) == 1


def test_what_is_used_is_told_by_the_worst_goal():
    assert judged(0.98).used == pytest.approx(2.0)
    assert judged(0.995).used == pytest.approx(0.5)
