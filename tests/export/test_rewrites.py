"""Each rewrite by three claims: it fires once, the node is gone, the numbers agree."""

from collections import Counter

import numpy as np
import onnx
import onnx_ir
import onnxruntime
import pytest
from onnx import parser

from ocrgan_export.rewrites import (
    ConvolutionBeforeUpsampling,
    ProductAsConvolution,
    ProjectionAsConvolution,
    apply_rule,
)

DECODER = """
<ir_version: 8, opset_import: ["" : 18]>
decoder (float[2,3,4,5] small, float[2,2,8,10] skip) => (float[2,4,8,10] y)
<float[4,5,1,1] weight, float[4] bias, float[4] scales = {1.0, 1.0, 2.0, 2.0}>
{
    large = Resize <mode = "nearest", coordinate_transformation_mode = "asymmetric",
                    nearest_mode = "floor"> (small, , scales)
    both = Concat <axis = 1> (large, skip)
    y = Conv (both, weight, bias)
}
"""

PROJECTION = """
<ir_version: 8, opset_import: ["" : 18]>
projection (float[6,4,3] rows) => (float[6,4,5] y)
<float[3,5] weight, float[5] bias>
{
    product = MatMul (rows, weight)
    y = Add (product, bias)
}
"""


def made(text: str) -> onnx_ir.Model:
    """The graph with random weights for what is declared without values."""
    model = parser.parse_model(text)
    random = np.random.default_rng(0)
    for value in model.graph.value_info:
        shape = [size.dim_value for size in value.type.tensor_type.shape.dim]
        values = random.normal(size=shape).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, value.name))
    onnx.checker.check_model(model)
    return onnx_ir.from_proto(onnx.shape_inference.infer_shapes(model))


def run(model: onnx_ir.Model) -> np.ndarray:
    random = np.random.default_rng(1)
    proto = onnx_ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    feed = {
        value.name: random.normal(size=value.shape).astype(np.float32)
        for value in session.get_inputs()
    }
    return session.run(None, feed)[0]


def kinds(model: onnx_ir.Model) -> Counter:
    return Counter(node.op_type for node in model.graph)


def test_convolution_goes_before_the_upsampling():
    model = made(DECODER)
    before = run(model)
    assert apply_rule(model, ConvolutionBeforeUpsampling) == 1
    assert kinds(model) == {"Conv": 2, "Resize": 1, "Add": 1}
    np.testing.assert_allclose(run(model), before, atol=1e-5)


def test_projection_becomes_a_convolution():
    model = made(PROJECTION)
    before = run(model)
    assert apply_rule(model, ProjectionAsConvolution) == 1
    assert "MatMul" not in kinds(model)
    assert kinds(model)["Conv"] == 1
    np.testing.assert_allclose(run(model), before, atol=1e-5)


def test_a_product_that_nothing_is_added_to_becomes_a_convolution():
    text = PROJECTION.replace("product = MatMul", "y = MatMul").replace(
        "y = Add (product, bias)", ""
    )
    model = made(text.replace(", float[5] bias", ""))
    before = run(model)
    assert apply_rule(model, ProjectionAsConvolution) == 0
    assert apply_rule(model, ProductAsConvolution) == 1
    assert kinds(model) == {"Unsqueeze": 1, "Transpose": 2, "Conv": 1, "Squeeze": 1}
    np.testing.assert_allclose(run(model), before, atol=1e-5)


@pytest.mark.parametrize(
    ("what", "instead"),
    [
        ("1.0, 1.0, 2.0, 2.0", "1.0, 1.0, 2.0, 2.0 "),  # the same: fires
        ('mode = "nearest"', 'mode = "linear"'),
        ("Conv (both", "Conv <pads = [1, 1, 1, 1]> (both"),
        (
            "y = Conv (both, weight, bias)",
            "z = Conv (both, weight, bias) y = Add (z, z) again = Relu (both)",
        ),
    ],
    ids=["as it is", "not nearest", "padded", "used twice"],
)
def test_convolution_stays_where_the_algebra_does_not_hold(what, instead):
    text = DECODER.replace(what, instead).replace("float[2,4,8,10] y", "float[2,4,n,m] y")
    fired = apply_rule(made(text), ConvolutionBeforeUpsampling)
    assert fired == (1 if instead.startswith("1.0") else 0)


def test_upsampling_by_another_factor_stays():
    text = DECODER.replace("2.0, 2.0}", "4.0, 4.0}").replace("[2,2,8,10]", "[2,2,16,20]")
    text = text.replace("float[2,4,8,10] y", "float[2,4,16,20] y")
    assert apply_rule(made(text), ConvolutionBeforeUpsampling) == 0


def test_a_product_of_two_activations_stays():
    text = PROJECTION.replace("rows)", "rows, float[3,5] weight)", 1).replace(
        "float[3,5] weight, float[5] bias", "float[5] bias"
    )
    assert apply_rule(made(text), ProjectionAsConvolution) == 0


def test_a_matrix_that_is_used_twice_stays():
    text = PROJECTION.replace(
        "product = MatMul (rows, weight)",
        "first = MatMul (rows, weight) second = MatMul (rows, weight) "
        "product = Add (first, second)",
    )
    assert apply_rule(made(text), ProjectionAsConvolution) == 0
