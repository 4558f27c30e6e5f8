import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_calibration.calibrate import Plan
from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_export.quantize import quantize_with
from ocrgan_export.quantize_layers import layers_of
from ocrgan_export.quantize_ranges import Ranges, read_ranges
from ocrgan_export.sensitivity import (
    LayerError,
    Probe,
    choices,
    layer_errors,
    relative_error,
)

SIZE, FRAMES = 16, 2
MACS = {"network.a.Conv_1": 300, "network.b.Conv_1": 600, "network.c.Conv_1": 100}
PLAN = Plan(InputSpec(frames=FRAMES, height=SIZE, width=SIZE, frames_per_second=10), recent=1)


WINDOWS = [
    np.random.default_rng(number).integers(0, 256, (FRAMES, SIZE, SIZE, 3), dtype=np.uint8)
    for number in range(8)
]
PROBE = Probe(WINDOWS[:4], PLAN, LocationStatistics.neutral((5, SIZE, SIZE)), threads=1)


@pytest.fixture(scope="module")
def ranges(three_convolutions) -> Ranges:
    return read_ranges(three_convolutions(huge=300), WINDOWS)


@pytest.fixture(scope="module")
def errors(ranges: Ranges) -> list[LayerError]:
    return layer_errors(ranges, MACS, PROBE)


def test_the_layers_beside_a_huge_channel_disturb_most(errors):
    assert {error.layer for error in errors[:2]} == {"network.a.Conv_1", "network.b.Conv_1"}
    assert errors[1].error > 10 * errors[2].error


def test_without_a_huge_channel_no_layer_disturbs_much(three_convolutions):
    plain = layer_errors(read_ranges(three_convolutions(), WINDOWS), MACS, PROBE)
    assert max(error.error for error in plain) < 0.1


def test_the_shares_of_the_layers_add_up(errors):
    assert {error.layer: error.macs for error in errors} == {
        "network.a.Conv_1": 0.3,
        "network.b.Conv_1": 0.6,
        "network.c.Conv_1": 0.1,
    }


def test_errors_are_the_same_every_time(ranges, errors):
    assert layer_errors(ranges, MACS, PROBE) == errors


def test_the_two_layers_in_float_restore_the_map(ranges, errors):
    reference = PROBE.maps(ranges.model, "fp32")
    layers = layers_of(ranges.model)
    kept = [node for error in errors[:2] for node in layers[error.layer]]
    before = relative_error(PROBE.maps(quantize_with(ranges), "int8"), reference)
    after = relative_error(PROBE.maps(quantize_with(ranges, kept), "int8"), reference)
    assert before > 1
    assert after == errors[2].error  # only the third layer still rounds


def test_a_layer_in_float_has_nothing_quantized_around_it(ranges):
    kept = layers_of(ranges.model)["network.a.Conv_1"]
    quantized = quantize_with(ranges, kept)
    node = next(node for node in quantized.graph.node if node.name == "network.a.Conv_1")
    assert node.input == ["seen", "a"]


def test_a_layer_is_what_multiplies_and_what_follows_it(ranges):
    assert layers_of(ranges.model) == {
        f"network.{name}.Conv_1": (f"network.{name}.Conv_1", f"network.{name}.LeakyRelu_1")
        for name in "abc"
    }


def test_what_always_differs_is_no_error():
    reference = np.random.default_rng(0).normal(size=(4, 2, 3, 3)).astype(np.float32)
    always = np.arange(9, dtype=np.float32).reshape(3, 3)
    assert relative_error(reference + always, reference) < 1e-6


def test_an_error_is_relative_to_how_much_the_map_varies():
    reference = np.array([1.0, -1.0], np.float32).reshape(2, 1, 1, 1)
    assert relative_error(1.5 * reference, reference) == pytest.approx(0.5)


def table(*rows: tuple[str, float, float]) -> list[LayerError]:
    return [LayerError(*row) for row in rows]


def test_each_choice_halves_the_error_that_is_left():
    # squares: 16, 9, 4, 1 of 30; left after each: 14, 5, 1, 0
    errors = table(("a", 0.1, 4), ("b", 0.1, 3), ("c", 0.1, 2), ("d", 0.1, 1))
    assert list(choices(errors, 1.0)) == [
        ("a",),
        ("a", "b"),
        ("a", "b", "c"),
        ("a", "b", "c", "d"),
    ]


def test_a_layer_beyond_the_budget_is_passed_over():
    errors = table(("large", 0.9, 4), ("small", 0.03, 3), ("next", 0.03, 2))
    assert list(choices(errors, 0.05)) == [("small",)]


def test_a_layer_that_hardly_matters_stays_in_int8():
    errors = table(("a", 0.01, 1.0), ("b", 0.01, 0.01))
    assert list(choices(errors, 1.0)) == [("a",)]


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 10)), min_size=1, max_size=20),
    st.floats(0, 1),
)
def test_choices_grow_and_keep_the_budget(rows, budget):
    errors = sorted(
        (LayerError(str(place), macs, error) for place, (macs, error) in enumerate(rows)),
        key=lambda error: -error.error,
    )
    macs = {error.layer: error.macs for error in errors}
    made = list(choices(errors, budget))
    assert all(sum(macs[layer] for layer in kept) <= budget + 1e-9 for kept in made)
    assert all(set(one) < set(other) for one, other in zip(made, made[1:], strict=False))
