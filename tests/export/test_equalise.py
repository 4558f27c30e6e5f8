"""Equalised channels: how large each gets, that the function stays, where nothing is changed."""

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper, parser

from ocrgan_calibration.calibrate import Plan
from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_export.equalise import FINEST, change_of, equalised
from ocrgan_export.equalise_links import Link, Spread, links_of
from ocrgan_export.quantize import quantize_with
from ocrgan_export.quantize_ranges import read_ranges
from ocrgan_export.sensitivity import Probe, relative_error

PLAN = Plan(InputSpec(frames=2, height=16, width=16, frames_per_second=10), recent=1)

CHAIN = """
<ir_version: 8, opset_import: ["" : 18]>
chain (float[1,3,8,8] x) => (float[1,2,4,4] y)
{
    seen = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (x, first, shared)
    active = LeakyRelu <alpha = 0.2> (seen)
    space = Conv <pads = [1, 1, 1, 1], group = 4> (active, depthwise, shared)
    mixed = Conv (space, pointwise)
    bent = Relu (mixed)
    y = Conv <pads = [1, 1, 1, 1]> (bent, last, ends)
}
"""
"""A separable layer between two others; the first two convolutions have the same bias."""

SHAPES = {
    "first": (4, 3, 3, 3),
    "depthwise": (4, 1, 3, 3),
    "pointwise": (6, 4, 1, 1),
    "last": (2, 6, 3, 3),
    "shared": (4,),
    "ends": (2,),
}


def chain(seed: int = 0, text: str = CHAIN) -> onnx.ModelProto:
    """Channels of the first layer and of the depthwise one differ by a factor of up to 50."""
    random = np.random.default_rng(seed)
    model = parser.parse_model(text)
    for number, name in enumerate(node.op_type for node in list(model.graph.node)):
        model.graph.node[number].name = f"network.{name}_{number}"
    for name, shape in SHAPES.items():
        values = random.normal(size=shape)
        if name in ("first", "depthwise"):
            values *= random.uniform(0.02, 1, size=(len(values), 1, 1, 1))
        model.graph.initializer.append(numpy_helper.from_array(values.astype("f"), name))
    return model


def feeds(seed: int = 0, count: int = 8) -> list[dict[str, np.ndarray]]:
    random = np.random.default_rng(seed + 1)
    return [{"x": random.normal(size=(1, 3, 8, 8)).astype("f")} for _ in range(count)]


def run(model: onnx.ModelProto, name: str, seed: int = 0) -> np.ndarray:
    observed = onnx.ModelProto()
    observed.CopyFrom(model)
    del observed.graph.output[:]
    observed.graph.output.append(helper.make_tensor_value_info(name, 1, None))
    session = onnxruntime.InferenceSession(observed.SerializeToString())
    return np.concatenate([session.run([name], feed)[0] for feed in feeds(seed)])


def link(linear: bool, group: int, pads: int = 0) -> Link:
    before = helper.make_node("Conv", ["x", "w"], ["tensor"])
    after = helper.make_node("Conv", ["tensor", "v"], ["y"], group=group, pads=[pads] * 4)
    return Link(before, after, linear)


def spread(low: list[float], high: list[float], usual: list[float]) -> Spread:
    return Spread(*(np.array(values, np.float32) for values in (low, high, usual)))


def test_before_a_depthwise_layer_all_channels_get_as_large() -> None:
    """Reaches 2 and 8: 1 / r is 0.5 and 0.125, over their geometric mean 0.25."""
    kernel = np.ones((2, 1, 3, 3), np.float32)
    change = change_of(link(False, 2), spread([-2, -1], [1, 8], [0, 0]), kernel)
    np.testing.assert_allclose(change.scale, [2, 0.5])  # 2 · 2 = 0.5 · 8
    assert not change.centre.any()


def test_what_happens_when_nothing_happens_is_zero_and_the_long_tail_positive() -> None:
    """From the medians 1 and 0, the reaches are 2 and 8: s = (r / 4)^-0.75, the second turned."""
    kernel = np.ones((5, 2, 1, 1), np.float32)
    change = change_of(link(True, 1), spread([-1, -8], [3, 2], [1, 0]), kernel)
    np.testing.assert_allclose(change.scale, [2**0.75, -(2**-0.75)], rtol=1e-6)
    np.testing.assert_array_equal(change.centre, [1, 0])


def test_a_channel_with_small_weights_behind_it_is_enlarged_less() -> None:
    """Equal reaches, shares 1 and 1/16: w^0.25 is 1 and 0.5, over their mean √0.5."""
    kernel = np.array([[1, 1 / 16], [2, 1 / 16]], np.float32)[:, :, None, None]
    change = change_of(link(False, 1), spread([-3, -3], [3, 3], [0, 0]), kernel)
    np.testing.assert_allclose(change.scale, [2**0.5, 2**-0.5], rtol=1e-6)


def test_where_zeros_are_padded_no_constant_is_taken_off() -> None:
    kernel = np.ones((5, 2, 3, 3), np.float32)
    change = change_of(link(True, 1, pads=1), spread([-1, -8], [3, 2], [1, 0]), kernel)
    assert not change.centre.any()


@pytest.mark.parametrize("silent", [0.0, 1e-9])
def test_a_silent_channel_is_not_enlarged_without_end(silent: float) -> None:
    kernel = np.ones((2, 1, 3, 3), np.float32)
    change = change_of(link(False, 2), spread([0, 0], [silent, 8], [0, 0]), kernel)
    assert change.scale[0] / change.scale[1] == pytest.approx(FINEST)


def test_a_tensor_that_is_always_zero_is_left() -> None:
    change = change_of(link(False, 2), spread([0, 0], [0, 0], [0, 0]), np.ones((2, 1, 1, 1)))
    np.testing.assert_array_equal(change.scale, [1, 1])


@given(st.integers(0, 10_000))
def test_the_function_stays_the_same(seed: int) -> None:
    model = chain(seed)
    wanted = run(model, "y", seed)
    found = run(equalised(model, feeds(seed)), "y", seed)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())


def test_the_channels_before_a_depthwise_layer_reach_as_far() -> None:
    before, after = (run(model, "seen") for model in (chain(), equalised(chain(), feeds())))
    reaches = [np.abs(values).max((0, 2, 3)) for values in (before, after)]
    assert reaches[0].max() > 2 * reaches[0].min()
    np.testing.assert_allclose(reaches[1], reaches[1][0], rtol=1e-5)


def test_a_huge_channel_is_no_longer_lost_for_the_others(three_convolutions) -> None:
    """One channel of 8 is 300 times as large, what reads it divides by as much."""
    random = np.random.default_rng(0)
    frames = [random.integers(0, 256, (2, 16, 16, 3), dtype=np.uint8) for _ in range(8)]
    probe = Probe(frames[:4], PLAN, LocationStatistics.neutral((5, 16, 16)), threads=1)
    model = three_convolutions(huge=300)
    wanted = probe.maps(model, "fp32")
    errors = [
        relative_error(probe.maps(quantize_with(read_ranges(one, frames)), "int8"), wanted)
        for one in (model, equalised(model, frames))
    ]
    assert errors[0] > 5 * errors[1]
    assert errors[1] < 0.2


def test_the_graph_that_was_given_stays_as_it_was() -> None:
    model = chain()
    stored = model.SerializeToString()
    equalised(model, feeds())
    assert model.SerializeToString() == stored


def test_every_layer_is_linked_with_the_next() -> None:
    assert [(one.tensor, one.linear) for one in links_of(chain())] == [
        ("seen", False),
        ("space", True),
        ("mixed", False),
    ]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("bent = Relu (mixed)", "bent = Sigmoid (mixed)"),
        ("bent = Relu (mixed)", "bent = Add (mixed, mixed)"),
        ("=> (float[1,2,4,4] y)", "=> (float[1,2,4,4] y, float[1,6,4,4] mixed)"),
        ("bent = Relu (mixed)", "other = Relu (mixed) bent = Relu (mixed)"),
    ],
)
def test_what_is_not_homogeneous_or_read_elsewhere_is_left(was: str, becomes: str) -> None:
    assert "mixed" not in {one.tensor for one in links_of(chain(text=CHAIN.replace(was, becomes)))}


def test_layers_of_the_score_are_left() -> None:
    model = chain()
    model.graph.node[3].name = "score.Conv_1"
    assert [one.tensor for one in links_of(model)] == ["seen"]


def test_a_graph_without_links_is_given_back() -> None:
    model = chain(text=CHAIN.replace("LeakyRelu <alpha = 0.2>", "Sigmoid").replace("Relu", "Exp"))
    model.graph.node[2].name = "score.Conv_1"
    assert equalised(model, feeds()) == model
