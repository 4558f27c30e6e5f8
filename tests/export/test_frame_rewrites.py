"""Rewrites of the entrance: each fires once, the full-size planes are gone, the numbers agree."""

from collections import Counter

import numpy as np
import onnx
import onnx_ir
import onnxruntime
import pytest
from onnx import parser

from ocrgan_export.frame_rewrites import ColoursMixedByBlocks, MeansOfSquares, NewestFramesFirst
from ocrgan_export.rewrites import apply_rule

PLANES = """
    turned = Transpose <perm = [0, 1, 4, 2, 3]> (frames)
    numbers = Cast <to = 1> (turned)
    scaled = Div (numbers, divisor)
    planes = Sub (scaled, offset)
"""

NEWEST = f"""
<ir_version: 8, opset_import: ["" : 18]>
newest (uint8[1,5,4,8,3] frames) => (float[1,2,3,4,8] y)
<float divisor = {{127.5}}, float offset = {{1.0}},
 int64[1] from = {{3}}, int64[1] to = {{5}}, int64[1] time = {{1}}>
{{ {PLANES}
    y = Slice (planes, from, to, time)
}}
"""

MEANS = f"""
<ir_version: 8, opset_import: ["" : 18]>
means (uint8[2,3,6,8,3] frames) => (float[6,3,2,4] y)
<float divisor = {{127.5}}, float offset = {{1.0}}, int64[4] shape = {{6, 3, 6, 8}}>
{{ {PLANES}
    images = Reshape (planes, shape)
    y = AveragePool <kernel_shape = [3, 2], strides = [3, 2]> (images)
}}
"""

MIXED = f"""
<ir_version: 8, opset_import: ["" : 18]>
mixed (uint8[2,3,4,16,3] frames) => (float[6,1,4,16] y)
<float divisor = {{127.5}}, float offset = {{1.0}}, int64[4] shape = {{6, 3, 4, 16}},
 float[1,3,1,1] weight = {{0.114, 0.587, 0.299}}, float[1] bias = {{0.25}}>
{{ {PLANES}
    images = Reshape (planes, shape)
    y = Conv (images, weight, bias)
}}
"""


def made(text: str) -> onnx_ir.Model:
    model = parser.parse_model(text)
    onnx.checker.check_model(model)
    return onnx_ir.from_proto(onnx.shape_inference.infer_shapes(model))


def run(model: onnx_ir.Model) -> np.ndarray:
    proto = onnx_ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    shape = session.get_inputs()[0].shape
    frames = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    return session.run(None, {"frames": frames})[0]


def swept(model: onnx_ir.Model) -> Counter:
    """Kinds of nodes that are left when those nobody wants have gone."""
    onnx_ir.passes.common.RemoveUnusedNodesPass()(model)
    return Counter(node.op_type for node in model.graph)


def test_frames_that_nobody_wants_are_not_scaled():
    model = made(NEWEST)
    before = run(model)
    assert apply_rule(model, NewestFramesFirst) == 1
    assert swept(model) == {"Slice": 1, "Transpose": 1, "Cast": 1, "Div": 1, "Sub": 1}
    assert model.graph[0].op_type == "Slice"
    np.testing.assert_array_equal(run(model), before)


def test_means_of_squares_are_taken_from_pixels_as_they_lie():
    model = made(MEANS)
    before = run(model)
    assert apply_rule(model, MeansOfSquares) == 1
    kinds = swept(model)
    assert not {"Transpose", "AveragePool"} & kinds.keys()
    assert kinds["Conv"] == 1
    np.testing.assert_allclose(run(model), before, atol=1e-6)


def test_squares_one_pixel_high_need_no_sum_of_rows():
    text = MEANS.replace(
        "kernel_shape = [3, 2], strides = [3, 2]", "kernel_shape = [1, 2], strides = [1, 2]"
    )
    model = made(text.replace("float[6,3,2,4] y", "float[6,3,6,4] y"))
    before = run(model)
    assert apply_rule(model, MeansOfSquares) == 1
    np.testing.assert_allclose(run(model), before, atol=1e-6)


def test_colours_are_mixed_eight_pixels_at_once():
    model = made(MIXED)
    before = run(model)
    assert apply_rule(model, ColoursMixedByBlocks) == 1
    assert swept(model) == {"Reshape": 2, "Cast": 1, "Transpose": 2, "Conv": 1}
    np.testing.assert_allclose(run(model), before, atol=1e-6)


def test_planes_that_somebody_else_wants_stay():
    text = MIXED.replace("float[6,1,4,16] y)", "float[6,1,4,16] y, float[2,3,3,4,16] planes)")
    model = made(text)
    assert apply_rule(model, ColoursMixedByBlocks) == 1
    assert swept(model)["Sub"] == 1


@pytest.mark.parametrize(
    ("text", "old", "new", "rule"),
    [
        (NEWEST, "time = {1}", "time = {3}", NewestFramesFirst),
        (NEWEST, "[0, 1, 4, 2, 3]", "[0, 1, 4, 3, 2]", NewestFramesFirst),
        (MEANS, "strides = [3, 2]", "strides = [1, 2]", MeansOfSquares),
        (MEANS, "strides = [3, 2]", "strides = [3, 2], pads = [0, 1, 0, 1]", MeansOfSquares),
        (
            MEANS,
            "kernel_shape = [3, 2], strides = [3, 2]",
            "kernel_shape = [4, 2], strides = [4, 2]",
            MeansOfSquares,
        ),
        (MEANS, "{6, 3, 6, 8}", "{6, 3, 8, 6}", MeansOfSquares),
        (MIXED, "Conv (", "Conv <pads = [1, 1, 1, 1]> (", ColoursMixedByBlocks),
        (MIXED, "Conv (", "Conv <strides = [2, 2]> (", ColoursMixedByBlocks),
        (MIXED, "{6, 3, 4, 16}", "{6, 3, 16, 4}", ColoursMixedByBlocks),
        (MIXED.replace("16", "12"), "= 1>", "= 1>", ColoursMixedByBlocks),
    ],
    ids=[
        "a part of the rows",
        "colours turned",
        "squares overlap",
        "squares padded",
        "squares leave rows out",
        "other images",
        "pixels added",
        "pixels left out",
        "rows of other length",
        "rows of 12 pixels",
    ],
)
def test_what_the_algebra_does_not_cover_stays(text, old, new, rule):
    assert old in text
    changed = text.replace(old, new)
    header, body = changed.split(") => (", 1)
    result, rest = body.split(")", 1)
    anything = ",".join("abcde"[: result.count(",") + 1])
    assert apply_rule(made(f"{header}) => (float[{anything}] y){rest}"), rule) == 0
