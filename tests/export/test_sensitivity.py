"""A small graph of three convolutions, in which a layer can be made sensitive to INT8."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

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

SIZE, FRAMES, CHANNELS = 16, 2, 8
MACS = {"network.a.Conv_1": 300, "network.b.Conv_1": 600, "network.c.Conv_1": 100}
PLAN = Plan(InputSpec(frames=FRAMES, height=SIZE, width=SIZE, frames_per_second=10), recent=1)


def three_convolutions(huge: float = 1.0) -> onnx.ModelProto:
    """Frames → a → b → c → map. One channel between a and b is `huge` times as large.

    b divides by as much, so that the graph always says the same in float.
    """
    random = np.random.default_rng(3)
    weights = {
        "a": random.normal(0, 0.3, (CHANNELS, 3, 3, 3)),
        "b": random.normal(0, 0.3, (CHANNELS, CHANNELS, 3, 3)),
        "c": random.normal(0, 0.3, (1, CHANNELS, 3, 3)),
    }
    weights["a"][0] *= huge
    weights["b"][:, 0] /= huge
    constants = {
        "images": np.array([FRAMES, 3, SIZE, SIZE]),
        "map_shape": np.array([FRAMES, SIZE, SIZE]),
        "terms_shape": np.array([5, FRAMES, SIZE, SIZE]),
        "one": np.array([1]),
        "places": np.array([1, 2]),
        "half": np.float32(127.5),
        "equal": np.full(5, 0.2, np.float32),
        **{name: weight.astype(np.float32) for name, weight in weights.items()},
    }
    nodes = [
        helper.make_node("Cast", ["frames"], ["numbers"], "score.Cast_1", to=TensorProto.FLOAT),
        helper.make_node("Div", ["numbers", "half"], ["pixels"], "score.Div_1"),
        helper.make_node("Transpose", ["pixels"], ["colours"], "score.T_1", perm=[0, 1, 4, 2, 3]),
        helper.make_node("Reshape", ["colours", "images"], ["seen"], "score.Reshape_1"),
        *convolution("a", "seen", "after_a"),
        *convolution("b", "after_a", "after_b"),
        *convolution("c", "after_b", "after_c"),
        helper.make_node("Reshape", ["after_c", "map_shape"], ["anomaly_map"], "score.Reshape_2"),
        helper.make_node("Expand", ["anomaly_map", "terms_shape"], ["terms"], "score.Expand_1"),
        helper.make_node(
            "ReduceMax", ["anomaly_map", "places"], ["frame_scores"], "score.Max_1", keepdims=0
        ),
        helper.make_node("ReduceMax", ["frame_scores"], ["worst"], "score.Max_2"),
        helper.make_node("Reshape", ["worst", "one"], ["score"], "score.Reshape_3"),
        helper.make_node("Identity", ["score"], ["seed"], "score.Identity_1"),
        helper.make_node("Identity", ["equal"], ["shares"], "score.Identity_2"),
    ]
    grid = [5, SIZE, SIZE]
    graph = helper.make_graph(
        nodes,
        "three",
        [
            helper.make_tensor_value_info("frames", TensorProto.UINT8, [1, FRAMES, SIZE, SIZE, 3]),
            tensor("location_mean", grid),
            tensor("location_scale", grid),
        ],
        [
            tensor("score", [1]),
            tensor("frame_scores", [FRAMES]),
            tensor("anomaly_map", [FRAMES, SIZE, SIZE]),
            tensor("shares", [5]),
            tensor("seed", [1]),
            tensor("terms", [5, FRAMES, SIZE, SIZE]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model


def convolution(name: str, given: str, made: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node(
            "Conv", [given, name], [f"{made}_sum"], f"network.{name}.Conv_1", pads=[1, 1, 1, 1]
        ),
        helper.make_node(
            "LeakyRelu", [f"{made}_sum"], [made], f"network.{name}.LeakyRelu_1", alpha=0.2
        ),
    ]


def tensor(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


WINDOWS = [
    np.random.default_rng(number).integers(0, 256, (FRAMES, SIZE, SIZE, 3), dtype=np.uint8)
    for number in range(8)
]
PROBE = Probe(WINDOWS[:4], PLAN, LocationStatistics.neutral((5, SIZE, SIZE)), threads=1)


@pytest.fixture(scope="module")
def ranges() -> Ranges:
    return read_ranges(three_convolutions(huge=300), WINDOWS)


@pytest.fixture(scope="module")
def errors(ranges: Ranges) -> list[LayerError]:
    return layer_errors(ranges, MACS, PROBE)


def test_the_layers_beside_a_huge_channel_disturb_most(errors):
    assert {error.layer for error in errors[:2]} == {"network.a.Conv_1", "network.b.Conv_1"}
    assert errors[1].error > 10 * errors[2].error


def test_without_a_huge_channel_no_layer_disturbs_much():
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
