"""Transposes with a reshape between: what is merged, what is left, and that runtimes agree."""

import math
from collections import Counter

import numpy as np
import onnx
import onnx_ir
import onnxruntime
import openvino
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import parser

from ocrgan_export.rewrites import apply_rule
from ocrgan_export.transpose_rewrites import TransposesMerged, Turn, merge_turns

PROJECTION = """
<ir_version: 8, opset_import: ["" : 18]>
projection (float[1,8,24,4] x, float[8,8,1,1] weight) => (float[1,4,8,4,6] y)
<int64[3] rows = {1, 24, 32}, int64[5] frames = {1, 4, 8, 4, 6}>
{
    image = Conv (x, weight)
    last = Transpose <perm = [0, 2, 3, 1]> (image)
    flat = Reshape (last, rows)
    first = Transpose <perm = [0, 2, 1]> (flat)
    y = Reshape (first, frames)
}
"""
"""Of 4 frames of 4×6 places and 8 channels back to frames, as attention's output goes."""


def transposes(model: onnx_ir.Model) -> Counter:
    return Counter(node.op_type for node in model.graph)["Transpose"]


def made(text: str) -> onnx_ir.Model:
    return onnx_ir.from_proto(onnx.shape_inference.infer_shapes(parser.parse_model(text)))


def feed_of(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    shapes = {
        value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in model.graph.input
    }
    return {name: random.normal(size=shape).astype("f") for name, shape in shapes.items()}


def run(model: onnx.ModelProto) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, feed_of(model))[0]


def test_a_transpose_there_and_back_is_none() -> None:
    """(2, 3, 4) → (2, 4, 3), as (2, 4, 1, 3), → (2, 3, 4, 1)."""
    assert merge_turns((2, 3, 4), (0, 2, 1), (2, 4, 1, 3), (0, 3, 1, 2)) == Turn((24,), (0,))


def test_what_one_reshape_joins_moves_as_one() -> None:
    """(1, 8, 24, 4): places and frames come first, then frames and channels, places last."""
    turn = merge_turns((1, 8, 24, 4), (0, 2, 3, 1), (1, 24, 32), (0, 2, 1))
    assert turn == Turn((192, 4), (1, 0))  # channels and places stay together behind frames


def test_shapes_without_parts_in_common_are_left() -> None:
    assert merge_turns((3, 2), (1, 0), (3, 2), (1, 0)) is None


@st.composite
def turns(draw: st.DrawFn) -> tuple[list[int], list[int], list[int], list[int]]:
    """A shape, a transpose, a shape of as many values, and a transpose of that."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    first = draw(st.permutations(range(len(shape))))
    parts = [size for axis in first for size in ([2, 2] if shape[axis] == 4 else [shape[axis]])]
    cuts = draw(st.lists(st.booleans(), min_size=len(parts), max_size=len(parts)))
    between: list[int] = [1]
    for size, cut in zip(parts, cuts, strict=True):
        between = [*between, size] if cut else [*between[:-1], between[-1] * size]
    second = draw(st.permutations(range(len(between))))
    return shape, list(first), between, list(second)


@given(turns())
def test_the_merged_transpose_does_what_both_do(given_turns) -> None:
    shape, first, between, second = given_turns
    values = np.arange(math.prod(shape)).reshape(shape)
    wanted = values.transpose(first).reshape(between).transpose(second)
    turn = merge_turns(shape, first, between, second)
    if turn is not None:
        found = values.reshape(turn.sizes).transpose(turn.order).reshape(wanted.shape)
        np.testing.assert_array_equal(found, wanted)


@given(turns())
def test_reshapes_that_only_split_and_join_always_merge(given_turns) -> None:
    assert merge_turns(*given_turns) is not None


def test_a_projection_keeps_one_of_its_transposes_and_its_values() -> None:
    model = made(PROJECTION)
    before = run(onnx_ir.to_proto(model))
    assert apply_rule(model, TransposesMerged) == 1
    onnx_ir.passes.common.RemoveUnusedNodesPass()(model)
    assert transposes(model) == 1
    np.testing.assert_array_equal(run(onnx_ir.to_proto(model)), before)


def test_with_one_frame_nothing_moves_and_no_transpose_is_left() -> None:
    text = PROJECTION.replace("24,4]", "24,1]").replace("[1,4,8,4,6]", "[1,1,8,4,6]")
    model = made(text.replace("{1, 24, 32}", "{1, 24, 8}").replace("{1, 4, 8", "{1, 1, 8"))
    before = run(onnx_ir.to_proto(model))
    assert apply_rule(model, TransposesMerged) == 1
    onnx_ir.passes.common.RemoveUnusedNodesPass()(model)
    assert transposes(model) == 0
    np.testing.assert_array_equal(run(onnx_ir.to_proto(model)), before)


@pytest.mark.parametrize("frames", [1, 4])
def test_openvino_says_what_onnx_runtime_says_of_the_merged_projection(frames: int) -> None:
    """Of the projection as it was, OpenVINO 2026.4.1 gives values in other places."""
    text = PROJECTION.replace("24,4]", f"24,{frames}]").replace("[1,4,8,", f"[1,{frames},8,")
    text = text.replace("{1, 24, 32}", f"{{1, 24, {8 * frames}}}")
    model = made(text.replace("{1, 4, 8", f"{{1, {frames}, 8"))
    apply_rule(model, TransposesMerged)
    proto = onnx_ir.to_proto(model)
    compiled = openvino.compile_model(
        openvino.Core().read_model(proto.SerializeToString()),
        "CPU",
        {"INFERENCE_PRECISION_HINT": "f32"},
    )
    np.testing.assert_allclose(compiled(feed_of(proto))[0], run(proto), atol=1e-4)


def test_heads_of_attention_are_left_as_they_are() -> None:
    """Five axes in another order are slower than two simple transposes."""
    model = made("""
<ir_version: 8, opset_import: ["" : 18]>
heads (float[1,12,6,4] x) => (float[3,6,2,4,2] y)
<int64[5] heads = {6, 4, 3, 2, 2}>
{
    last = Transpose <perm = [0, 2, 3, 1]> (x)
    parts = Reshape (last, heads)
    y = Transpose <perm = [2, 0, 3, 1, 4]> (parts)
}
""")
    assert apply_rule(model, TransposesMerged) == 0
