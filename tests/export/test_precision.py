import numpy as np
import pytest
from onnx import numpy_helper, parser

from ocrgan_edge.errors import BundleError
from ocrgan_export.precision import _precision, onnx_precision, openvino_precision, weighted_nodes
from ocrgan_export.quantize import feed_of

GRAPH = """
<ir_version: 8, opset_import: ["" : 18]>
counted (float[1,2,8,8] x) => (float[1,4,6,3] y)
<float[4,2,3,3] weight, float[6,3] matrix>
{
    [convolution] c = Conv (x, weight)
    [product] y = MatMul (c, matrix)
}
"""


def test_multiplications_are_counted_as_by_hand():
    model = parser.parse_model(GRAPH)
    for value in model.graph.value_info:
        shape = [size.dim_value for size in value.type.tensor_type.shape.dim]
        zeros = np.zeros(shape, np.float32)
        model.graph.initializer.append(numpy_helper.from_array(zeros, value.name))
    # 4 channels × 6 × 6 pixels × 2·3·3 products; 4 × 6 × 3 numbers × 6 products
    assert weighted_nodes(model) == {"convolution": 2592, "product": 432}


def test_a_float_graph_has_no_int8(model, windows):
    macs = weighted_nodes(model)
    found = onnx_precision(model.SerializeToString(), macs, feed_of(model, windows[0]))
    assert found.share == 0
    assert found.floats == macs


def test_a_float_openvino_graph_has_no_int8(model, ir):
    assert openvino_precision(ir, weighted_nodes(model)).share == 0


def test_a_number_is_not_taken_for_the_beginning_of_another():
    found = _precision({"Conv_1": 100, "Conv_12": 300}, {"Conv_12_token_7_kernel_time"})
    assert found.share == 0.75
    assert found.floats == {"Conv_1": 100}


def test_nodes_in_float_are_told_largest_first():
    assert list(_precision({"a": 1, "b": 3, "c": 2}, set()).floats) == ["b", "c", "a"]


def test_a_graph_without_multiplications_has_no_share():
    with pytest.raises(BundleError, match="nothing to multiply"):
        _precision({}, set())
