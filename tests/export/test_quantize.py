import numpy as np
import onnx
import pytest

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.agreement import rank_correlation
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import load_scorer
from ocrgan_edge.runtime.precision import precision_of
from ocrgan_export.measure import neutral
from ocrgan_export.quantize import feed_of, float_nodes, quantize_onnx, quantize_openvino
from ocrgan_export.to_openvino import Ir, read_ir

pytestmark = pytest.mark.slow

SPEC = InputSpec(frames=8, height=32, width=32, frames_per_second=10)
GRID = (8, 8)
"""Cells of the anomaly map, 4 pixels each."""


def scores(graph: Graph, windows) -> np.ndarray:
    """Mean of all terms' maps, per window and frame: what quantization could spoil."""
    scorer = load_scorer(graph, SPEC, neutral(GRID), threads=1)
    return np.concatenate([scorer.score(window).anomaly_map.ravel() for window in windows])


@pytest.fixture(scope="module")
def reference(model, windows, unusual) -> np.ndarray:
    graph = Graph("onnx-fp32", "onnx", "fp32", model.SerializeToString())
    return scores(graph, windows + unusual)


def onnx_int8(model: onnx.ModelProto) -> Graph:
    return Graph("onnx-int8", "onnx", "int8", model.SerializeToString())


def openvino_int8(ir: Ir) -> Graph:
    return Graph("openvino-int8", "openvino", "int8", ir.xml, ir.weights)


def test_onnx_runtime_multiplies_in_int8(model, int8_model, windows):
    assert precision_of(onnx_int8(int8_model), feed_of(model, windows[0])).share > 0.85


def test_openvino_multiplies_in_int8(model, int8_ir, windows):
    assert precision_of(openvino_int8(int8_ir), feed_of(model, windows[0])).share > 0.85


def test_both_runtimes_multiply_the_same(model, int8_model, int8_ir, windows):
    feed = feed_of(model, windows[0])
    counted = {precision_of(onnx_int8(int8_model), feed).macs}
    assert counted == {precision_of(openvino_int8(int8_ir), feed).macs}


def test_onnx_int8_agrees_with_fp32(int8_model, reference, windows, unusual):
    graph = Graph("onnx-int8", "onnx", "int8", int8_model.SerializeToString())
    assert rank_correlation(scores(graph, windows + unusual), reference) > 0.99


def test_openvino_int8_agrees_with_fp32(int8_ir, reference, windows, unusual):
    graph = Graph("openvino-int8", "openvino", "int8", int8_ir.xml, int8_ir.weights)
    assert rank_correlation(scores(graph, windows + unusual), reference) > 0.99


def test_the_score_stays_in_float(int8_model):
    made_by = {output: node for node in int8_model.graph.node for output in node.output}
    dequantized = [
        node.name
        for node in int8_model.graph.node
        if node.name.startswith("score.")
        for name in node.input
        if name in made_by and made_by[name].op_type == "DequantizeLinear"
        if not made_by[made_by[name].input[0]].input[0].startswith("network.")
    ]
    quantized = [
        node.input[0] for node in int8_model.graph.node if node.op_type == "QuantizeLinear"
    ]
    assert quantized
    assert not dequantized


def test_the_score_stays_in_float_in_openvino(int8_ir):
    quantized_for = {
        port.get_node().get_friendly_name()
        for node in read_ir(int8_ir).get_ops()
        if node.get_type_name() == "FakeQuantize"
        for port in node.output(0).get_target_inputs()
    }
    assert quantized_for
    assert {name for name in quantized_for if not name.startswith("network.")} == set()


def test_weights_have_seven_bits_so_that_pairs_of_products_do_not_overflow(int8_model):
    kernels = [
        onnx.numpy_helper.to_array(tensor)
        for tensor in int8_model.graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) == 4
    ]
    assert kernels
    assert max(np.abs(kernel.astype(int)).max() for kernel in kernels) <= 64


def test_weights_are_scaled_channel_by_channel(int8_model):
    scales = [
        tensor
        for tensor in int8_model.graph.initializer
        if tensor.name.endswith("trunk.1.0.weight_scale")
    ]
    assert [list(tensor.dims) for tensor in scales] == [[16]]


def test_products_of_activations_stay_in_float(model):
    constants = {tensor.name for tensor in model.graph.initializer}
    attention = {
        node.name
        for node in model.graph.node
        if node.op_type == "MatMul" and not constants & set(node.input)
    }
    assert attention
    assert attention <= set(float_nodes(model))


def test_the_float_graph_is_left_as_it_is(model, int8_model, int8_ir):
    onnx.checker.check_model(model, full_check=True)
    assert not [tensor for tensor in model.graph.initializer if tensor.external_data]


@pytest.mark.parametrize("quantize", [quantize_onnx, quantize_openvino])
def test_ranges_need_windows(model, quantize):
    with pytest.raises(DataError, match="no window of normal video"):
        quantize(model, [])
