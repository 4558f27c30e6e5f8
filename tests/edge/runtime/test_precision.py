"""Graphs of a few nodes, counted by hand, and what the runtimes made of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import graph_of
from ocrgan_edge.runtime.openvino_precision import openvino_kernels
from ocrgan_edge.runtime.precision import Kernel, precision_of, summed, window_feed
from ocrgan_edge.service import demo

GRAPH = """
<ir_version: 8, opset_import: ["" : 18]>
counted (float[1,2,8,8] x) => (float[1,3,12,3] y)
<float[4,2,3,3] weight, float[4,3,2,2] spread, float[12,3] matrix>
{
    [convolution] c = Conv (x, weight)
    [upsampling] d = ConvTranspose <strides = [2, 2]> (c, spread)
    [product] y = MatMul (d, matrix)
}
"""
BY_HAND = {
    "convolution": 4 * 6 * 6 * 2 * 3 * 3,  # 4 channels, 6x6 pixels, products of 2 channels x 3x3
    "upsampling": 4 * 6 * 6 * 3 * 2 * 2,  # each number given goes to 3 channels x 2x2
    "product": 3 * 12 * 3 * 12,
}
FEED = {"x": np.linspace(-1, 1, 128, dtype=np.float32).reshape(1, 2, 8, 8)}


class Once(CalibrationDataReader):
    """Ranges from the one input of these tests."""

    def __init__(self) -> None:
        self._left = [dict(FEED)]

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return self._left.pop() if self._left else None


def filled() -> onnx.ModelProto:
    """The graph with weights that fold to nothing."""
    model = onnx.parser.parse_model(GRAPH)
    random = np.random.default_rng(0)
    for value in model.graph.value_info:
        shape = [size.dim_value for size in value.type.tensor_type.shape.dim]
        weights = random.normal(size=shape).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(weights, value.name))
    del model.graph.value_info[:]
    return model


@pytest.fixture(scope="module")
def in_float() -> Graph:
    return Graph("onnx-fp32", "onnx", "fp32", filled().SerializeToString())


@pytest.fixture(scope="module")
def in_int8() -> Graph:
    """Q/DQ pairs around all; ONNX Runtime has no kernel to fuse those of ConvTranspose with."""
    return Graph("onnx-int8", "onnx", "int8", quantized(filled().SerializeToString()))


def quantized(model: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder, "one.onnx"), Path(folder, "other.onnx")
        one.write_bytes(model)
        quantize_static(
            one,
            other,
            Once(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv", "MatMul", "ConvTranspose"],
        )
        return other.read_bytes()


def test_multiplications_are_counted_as_by_hand_in_onnx_runtime(in_float: Graph) -> None:
    found = precision_of(in_float, FEED)
    assert found.floats == BY_HAND
    assert found.macs == sum(BY_HAND.values())
    assert found.share == 0


def test_multiplications_are_counted_as_by_hand_in_openvino(
    in_float: Graph, to_ir: Callable[[bytes], tuple[bytes, bytes]]
) -> None:
    found = openvino_kernels(Graph("openvino-fp16", "openvino", "fp16", *to_ir(in_float.model)))
    # The last node is called as its output in OpenVINO.
    assert [kernel.macs for kernel in found] == [*BY_HAND.values()]
    assert [kernel.name for kernel in found] == ["convolution", "upsampling", "y"]
    assert not any(kernel.int8 for kernel in found)


def test_a_transposed_convolution_that_onnx_runtime_leaves_in_float_is_named(
    in_int8: Graph,
) -> None:
    found = precision_of(in_int8, FEED)
    assert found.floats == {"upsampling": BY_HAND["upsampling"]}
    assert found.share == pytest.approx(1 - BY_HAND["upsampling"] / found.macs)


def test_the_weights_shapes_are_known_though_the_daemon_packs_them(in_int8: Graph) -> None:
    assert precision_of(in_int8, FEED).macs == sum(BY_HAND.values())


@pytest.mark.parametrize(
    ("first", "second", "macs"),
    [
        ((2, 3, 4), (4, 5), 2 * 3 * 5 * 4),
        ((3, 4), (2, 4, 5), 2 * 3 * 5 * 4),
        ((3, 4), (4,), 3 * 4),
        ((4,), (4, 5), 5 * 4),
    ],
)
def test_matrix_products_of_any_shape_are_counted(
    first: tuple[int, ...], second: tuple[int, ...], macs: int
) -> None:
    one, other = ",".join(map(str, first)), ",".join(map(str, second))
    made = ",".join(map(str, np.zeros(first).__matmul__(np.zeros(second)).shape))
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 18]> '
        f"g (float[{one}] x, float[{other}] w) => (float[{made}] y) {{ [node] y = MatMul (x, w) }}"
    )
    graph = Graph("onnx-fp32", "onnx", "fp32", model.SerializeToString())
    feed = {"x": np.zeros(first, np.float32), "w": np.zeros(second, np.float32)}
    assert precision_of(graph, feed).macs == macs


def test_a_matrix_that_is_transposed_on_the_way_is_counted() -> None:
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 18]> g (float[4,3] x, float[4,5] w) => (float[3,5] y) '
        "{ [node] y = Gemm <transA = 1> (x, w) }"
    )
    graph = Graph("onnx-fp32", "onnx", "fp32", model.SerializeToString())
    feed = {"x": np.zeros((4, 3), np.float32), "w": np.zeros((4, 5), np.float32)}
    assert precision_of(graph, feed).macs == 3 * 5 * 4


def test_nodes_in_float_are_told_largest_first() -> None:
    kernels = [Kernel("a", 1, False), Kernel("b", 3, False), Kernel("c", 2, True)]
    found = summed("onnx-int8", kernels)
    assert list(found.floats) == ["b", "a"]
    assert found.share == pytest.approx(2 / 6)


def test_a_graph_without_multiplications_has_no_share() -> None:
    with pytest.raises(BundleError, match="onnx-int8 has nothing to multiply"):
        summed("onnx-int8", [])


@pytest.mark.slow
def test_the_demo_s_graph_runs_in_int8_as_its_bundle_says() -> None:
    target = "onnx-int8"
    bundle = open_bundle(Path(demo.__file__).with_name("demo_bundle.ocrgan"))
    window = bundle.arrays(bundle.manifest.golden)["frames"][0]
    found = precision_of(graph_of(bundle, target), window_feed(window, bundle.statistics(target)))
    assert found.share == pytest.approx(bundle.target(target).int8_share_of_macs, abs=0.02)
