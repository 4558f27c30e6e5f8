import copy

import numpy as np
import pytest
import torch
from torch import nn

from ocrgan_calibration.calibrate import Plan
from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.detection.term_statistics import TermStatistics
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_export.finetune import Lessons, difference, finetune, schedule
from ocrgan_export.finetune_rounding import ONNX_RULES
from ocrgan_export.quantize import quantize_with
from ocrgan_export.quantize_ranges import Ranges, read_ranges
from ocrgan_export.sensitivity import Maps, Probe, relative_error
from ocrgan_export.to_onnx import to_onnx
from ocrgan_export.windows import Window
from ocrgan_training.fused_graph import FusedGraph

STEPS = 80


@pytest.fixture(scope="module")
def ranges(model, windows, unusual) -> Ranges:
    return read_ranges(model, [*windows, *unusual])


def statistics_of(graph, windows) -> LocationStatistics:
    """What the terms are like in these windows, as a calibration finds it."""
    gathered = TermStatistics(graph.recent)
    nothing = torch.zeros(5, *graph.grid)
    with torch.no_grad():
        for window in windows:
            terms = graph.over(torch.from_numpy(window)[None], nothing, nothing + 1).terms
            gathered.add(terms.numpy())
    return gathered.statistics(own=1.0)


def lessons(graph, windows, unusual, steps: int) -> Lessons:
    return Lessons(windows, unusual, statistics_of(graph, windows), steps)


def test_a_difference_is_half_a_square_near_by_and_straight_far_away():
    found = [torch.tensor([0.5, 0.0]), torch.tensor([3.0])]
    wanted = [torch.zeros(2), torch.zeros(1)]
    assert difference(found, wanted).item() == pytest.approx(0.125 / 2 + 2.5)


def test_every_second_window_has_something_wrong_in_it(graph, windows, unusual):
    shown = lessons(graph, windows, unusual, 8)
    normal, edited = ({window.tobytes() for window in kind} for kind in (windows, unusual))
    for step in range(8):
        seen = shown.window(step).numpy().tobytes()
        assert seen in (edited if step % 2 else normal)


def test_the_same_lessons_give_the_same_network_and_leave_the_teacher_alone(
    graph, ranges, windows, unusual
):
    before = copy.deepcopy(graph.state_dict())
    shown = lessons(graph, windows, unusual, 2)
    one, other = (finetune(graph, ranges, ONNX_RULES, shown).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
    after = graph.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_what_is_learned_has_no_norms_and_rounded_weights(graph, ranges, windows, unusual):
    tuned = finetune(graph, ranges, ONNX_RULES, lessons(graph, windows, unusual, 2))
    assert not any(isinstance(part, nn.BatchNorm2d) for part in tuned.modules())
    weight = tuned.local_discriminator.layers[1][0].weight.flatten(1)
    numbers = weight / (weight.abs().amax(1, keepdim=True) / ONNX_RULES.top)
    np.testing.assert_allclose(numbers, numbers.round(), atol=1e-3)


@pytest.fixture(scope="module")
def hard(network) -> FusedGraph:
    """Says what the network says but for a channel that is 0, whose weights are 40 times as large.

    In float they do nothing; rounded, all others are 0 or ±1 steps of the largest.
    """
    made = copy.deepcopy(network)
    with torch.no_grad():
        norm, after = made.local_discriminator.layers[1][1], made.local_discriminator.layers[2][0]
        norm.weight[0] = norm.bias[0] = 0
        after.weight[:, 0] = 40 * after.weight.abs().max()
    return FusedGraph(made)


def int8_error(graph, reference: Maps, probe: Probe, shown: list[Window]) -> float:
    """Of the anomaly map, after the static quantization that every graph goes through."""
    ranges = read_ranges(to_onnx(graph), shown)
    return relative_error(probe.maps(quantize_with(ranges), "int8"), reference)


@pytest.mark.slow
def test_weights_that_round_badly_learn_to_be_rounded(hard, windows, unusual):
    """The error falls by a quarter at least; to 0.60 … 0.69 of it after 60 to 160 steps.

    How far differs that much between numbers of steps, and between processors (AVX2 and AVX-512).
    """
    shown, fresh = [*windows[:8], *unusual[:8]], [*windows[8:], *unusual[8:]]
    model = to_onnx(hard)
    ranges = read_ranges(model, shown)
    learned = lessons(hard, windows[:8], unusual[:8], STEPS)
    spec = InputSpec(frames=8, height=32, width=32, frames_per_second=10)
    probe = Probe(fresh, Plan(spec, recent=hard.recent), learned.statistics, threads=1)
    reference = probe.maps(model, "fp32")
    before = relative_error(probe.maps(quantize_with(ranges), "int8"), reference)
    tuned = finetune(hard, ranges, ONNX_RULES, learned)
    after = int8_error(FusedGraph(tuned), reference, probe, shown)
    assert before > 0.1
    assert after < 0.75 * before


def test_the_rate_grows_and_falls_to_nothing():
    assert schedule(0.0) == 0
    assert schedule(0.1) == pytest.approx(0.5 + 0.5 * np.cos(0.1 * np.pi))
    assert schedule(0.5) == pytest.approx(0.5)
    assert schedule(1.0) == pytest.approx(0)
