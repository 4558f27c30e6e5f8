"""Graphs that step: one frame at a time, a camera's past kept by whoever scores it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ocrgan_edge.bundle import Bundle, InputSpec, open_bundle
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.choose_target import choose_target
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import graph_of, load_scorer, open_scorer, runnable_targets
from ocrgan_edge.runtime.scorer import LocationStatistics, Scorer, Stepper, warmed_up
from ocrgan_edge.runtime.scoring import score_source
from ocrgan_edge.runtime.self_test import self_test
from ocrgan_edge.runtime.target_timing import latencies
from ocrgan_edge.video.frame import Frame

SPEC = InputSpec(frames=8, height=32, width=32, frames_per_second=10)
GRID = (5, 8, 8)
StepGraph = Callable[..., Graph]
both_runtimes = pytest.mark.parametrize("runtime", ["onnx", "openvino"])


def scorer_of(graph: Graph, spec: InputSpec = SPEC) -> Stepper:
    scorer = load_scorer(graph, spec, LocationStatistics.neutral(GRID), threads=1)
    assert isinstance(scorer, Stepper)
    return scorer


WARM = 15
"""Frames stepped through after a first window of 8: seven of them backwards, before it."""


def gray(*levels: int) -> NDArray[np.uint8]:
    """Frames (T, 32, 32, 3) of these levels."""
    window = np.zeros((len(levels), 32, 32, 3), np.uint8)
    window[:] = np.array(levels, np.uint8)[:, None, None, None]
    return window


def test_what_nothing_came_before_is_shown_backwards_first() -> None:
    assert warmed_up(gray(1, 2, 3, 4))[:, 0, 0, 0].tolist() == [4, 3, 2, 1, 2, 3, 4]


@both_runtimes
def test_a_frame_is_compared_with_the_one_that_was_given_before(
    step_graph: StepGraph, runtime: str
) -> None:
    scorer = scorer_of(step_graph(runtime))
    scorer.score(gray(*[51] * 8))
    found = scorer.follow(gray(*[0] * 7, 102), new=1)
    assert found.score == pytest.approx(0.2)  # (102 − 51) / 255: the seven before are not looked at
    assert found.seed == WARM + 1


@both_runtimes
def test_all_new_frames_are_stepped_through(step_graph: StepGraph, runtime: str) -> None:
    scorer = scorer_of(step_graph(runtime))
    scorer.score(gray(*[51] * 8))
    found = scorer.follow(gray(*[0] * 5, 0, 0, 102), new=3)
    assert found.score == pytest.approx(0.4)
    assert found.seed == WARM + 3


@both_runtimes
@pytest.mark.parametrize("new", [None, 9])
def test_after_a_gap_nothing_is_known_but_the_window(
    step_graph: StepGraph, runtime: str, new: int | None
) -> None:
    scorer = scorer_of(step_graph(runtime))
    scorer.score(gray(*[51] * 8))
    assert scorer.follow(gray(*range(8)), new).seed == WARM


@both_runtimes
def test_the_same_window_gives_the_same_score_whatever_came_before(
    step_graph: StepGraph, runtime: str
) -> None:
    scorer = scorer_of(step_graph(runtime))
    first = scorer.score(gray(*range(8)))
    scorer.follow(gray(*[200] * 8), new=5)
    assert scorer.score(gray(*range(8))).score == first.score


@both_runtimes
@given(cameras=st.lists(st.integers(0, 2), min_size=1, max_size=20))
@settings(max_examples=4, deadline=None)
def test_each_camera_has_a_past_of_its_own(
    step_graph: StepGraph, runtime: str, cameras: list[int]
) -> None:
    first = scorer_of(step_graph(runtime))
    scorers, known = [first, first.another(), first.another()], [WARM] * 3
    for scorer in scorers:
        scorer.score(gray(*[0] * 8))
    for camera in cameras:
        known[camera] += 1
        assert scorers[camera].follow(gray(*[0] * 8), new=1).seed == known[camera]


@both_runtimes
def test_each_camera_has_statistics_of_its_own(step_graph: StepGraph, runtime: str) -> None:
    one = scorer_of(step_graph(runtime))
    other = one.another()
    other.use(LocationStatistics(np.zeros(GRID, np.float32), np.full(GRID, 0.5, np.float32)))
    window = gray(*[0] * 7, 51)
    assert one.score(window).score == pytest.approx(0.2)
    assert other.score(window).score == pytest.approx(0.4)
    assert one.score(window).score == pytest.approx(0.2)


@both_runtimes
def test_what_was_told_stays_as_it_is(step_graph: StepGraph, runtime: str) -> None:
    scorer = scorer_of(step_graph(runtime))
    first = scorer.score(gray(*[0] * 7, 51))
    before = first.anomaly_map.copy()
    scorer.follow(gray(*[255] * 8), new=1)
    assert np.array_equal(first.anomaly_map, before)


def test_a_graph_whose_state_does_not_come_out_as_it_goes_in_is_refused(
    step_graph: StepGraph,
) -> None:
    with pytest.raises(BundleError, match="graph onnx-fp32 has no state 'known'"):
        scorer_of(step_graph("onnx", {'"next.known"': '"next.other"'}))


def test_a_graph_of_windows_is_no_graph_of_steps(tiny: Bundle) -> None:
    graph = replace(graph_of(tiny, "onnx-fp32"), form="step")
    with pytest.raises(BundleError, match=r"'frames' is uint8 \[1,8,32,32,3\].*\[1,1,32,32,3\]"):
        scorer_of(graph)


def test_statistics_of_another_grid_are_refused(step_graph: StepGraph) -> None:
    with pytest.raises(BundleError, match="location_mean"):
        load_scorer(step_graph(), SPEC, LocationStatistics.neutral((5, 4, 8)))


def test_a_window_scorer_does_not_step(tiny: Bundle) -> None:
    scorer = open_scorer(tiny, "onnx-fp32")
    assert isinstance(scorer, Scorer)
    assert not isinstance(scorer, Stepper)


def test_a_bundle_says_which_of_its_graphs_step(step_bundle: Bundle, tiny: Bundle) -> None:
    again = open_bundle(step_bundle.path).manifest.targets
    assert {target.form for target in again.values()} == {"step"}
    assert tiny.target("onnx-fp32").form == "window"


def test_a_bundle_of_windows_is_written_as_before_there_were_steps(tiny: Bundle) -> None:
    assert "form" not in tiny.manifest.model_dump(mode="json")["targets"]["onnx-fp32"]


def test_golden_windows_are_stepped_through(step_bundle: Bundle) -> None:
    for name in runnable_targets(step_bundle):
        assert self_test(step_bundle, open_scorer(step_bundle, name)) < 1e-6


def test_where_a_bundle_has_graphs_that_step_only_they_are_chosen(
    step_bundle: Bundle, tiny: Bundle
) -> None:
    windows = tiny.target("onnx-fp32").model_copy(update={"graph": "windows.onnx"})
    targets = {"a-window": windows, **step_bundle.manifest.targets}
    mixed = Bundle(
        step_bundle.path,
        step_bundle.manifest.model_copy(update={"targets": targets}),
        {},
        step_bundle.sha256,
    )
    assert runnable_targets(mixed)[-1] == "a-window"
    assert mixed.target(choose_target(mixed, 1, None).target).form == "step"


def test_a_step_is_timed_not_a_window_of_them(step_graph: StepGraph) -> None:
    scorer = scorer_of(step_graph())
    latencies(scorer, gray(*[0] * 8)[None], seconds=10, most=5)
    assert scorer.follow(gray(*[0] * 8), new=1).seed == WARM + 5 + 1


class Levels:
    """A source of gray frames at these media times."""

    name, live, frames_per_second, length = "levels", True, 10.0, None

    def __init__(self, *at: float) -> None:
        self._frames = iter(Frame(gray(n)[0], n, moment) for n, moment in enumerate(at))

    def read(self) -> Frame | None:
        return next(self._frames, None)

    def close(self) -> None:
        pass


def test_a_source_is_followed_from_its_second_frame_on(step_graph: StepGraph) -> None:
    """Two frames and what is mirrored of them are the first past; then every frame is a step."""
    source = Levels(*(number / 10 for number in range(6)))
    found = list(score_source(source, scorer_of(step_graph()), SPEC, hop=1))
    assert [window.result.seed for window in found] == [15, 16, 17, 18, 19]
    assert [window.end for window in found] == [1, 2, 3, 4, 5]


def test_frames_between_two_scores_are_not_left_out(step_graph: StepGraph) -> None:
    source = Levels(*(number / 10 for number in range(16)))
    found = list(score_source(source, scorer_of(step_graph()), SPEC, hop=4))
    assert [window.result.seed for window in found] == [15, 19, 23, 27]


def test_after_a_gap_in_a_source_the_past_is_forgotten(step_graph: StepGraph) -> None:
    source = Levels(0, 0.1, 0.2, 60, 60.1, 60.2)
    found = list(score_source(source, scorer_of(step_graph()), SPEC, hop=1))
    assert [window.result.seed for window in found] == [15, 16, 15, 16]
