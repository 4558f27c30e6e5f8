"""Which multiplications really run in INT8: asked of the runtimes, not of the graph.

Q/DQ pairs around a convolution are only a wish. ONNX Runtime leaves what it cannot fuse in float,
OpenVINO what its plug-in has no kernel for, and neither says so.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
from numpy.typing import NDArray
from onnx import numpy_helper, shape_inference

from ocrgan_edge.errors import BundleError
from ocrgan_export.to_openvino import Ir, read_ir

INT8_KERNELS = (
    "ConvInteger",
    "MatMulInteger",
    "MatMulIntegerToFloat",
    "QGemm",
    "QLinearConv",
    "QLinearMatMul",
)
"""ONNX Runtime's kernels that multiply 8-bit integers."""

Feed = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Precision:
    """What a runtime made of a graph's multiplications."""

    share: float
    """Multiply-accumulates in INT8, 0 … 1."""

    floats: dict[str, int]
    """Nodes that stay in float and their multiply-accumulates, most first."""


def weighted_nodes(model: onnx.ModelProto) -> dict[str, int]:
    """Multiply-accumulates of every convolution and matrix product, by node name."""
    inferred = shape_inference.infer_shapes(model, data_prop=True)
    shapes = {
        tensor.name: list(numpy_helper.to_array(tensor).shape) for tensor in model.graph.initializer
    }
    for value in [*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output]:
        shapes[value.name] = [size.dim_value for size in value.type.tensor_type.shape.dim]
    return {
        node.name: int(np.prod(shapes[node.output[0]], dtype=np.int64)) * _inner(node, shapes)
        for node in inferred.graph.node
        if node.op_type in ("Conv", "ConvTranspose", "MatMul", "Gemm")
    }


def onnx_precision(model: bytes, macs: Mapping[str, int], feed: Feed) -> Precision:
    """Runs an ONNX graph once with ONNX Runtime's profiler on.

    Args:
        model: the INT8 graph; its nodes are named as those of the float graph.
        macs: of the float graph, from `weighted_nodes`.
        feed: inputs for one run.
    """
    with tempfile.TemporaryDirectory() as folder:
        events = json.loads(Path(_profile(model, feed, Path(folder))).read_text())
    kernels = {
        event["name"]: event["args"]["op_name"]
        for event in events
        if event.get("cat") == "Node" and "op_name" in event.get("args", {})
    }
    return _precision(macs, {name for name, kind in kernels.items() if kind in INT8_KERNELS})


def openvino_precision(ir: Ir, macs: Mapping[str, int]) -> Precision:
    """Compiles an OpenVINO graph for the CPU and asks what each layer became; see above."""
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.compile_model(read_ir(ir), "CPU", settings)
    layers: set[str] = set()
    for layer in compiled.get_runtime_model().get_ordered_ops():
        about = layer.get_rt_info()
        if str(about["runtimePrecision"].value) in ("i8", "u8"):
            layers.update(str(about["originalLayersNames"].value).split(","))
    return _precision(macs, layers)


def _precision(macs: Mapping[str, int], int8: set[str]) -> Precision:
    """A runtime's names begin with the graph's; `Conv_1` must not be taken for `Conv_12`."""
    floats = {name: count for name, count in macs.items() if not _is_among(name, int8)}
    total = sum(macs.values())
    if not total:
        raise BundleError("the graph has nothing to multiply, so it has no INT8 share")
    ordered = dict(sorted(floats.items(), key=lambda item: -item[1]))
    return Precision(1 - sum(floats.values()) / total, ordered)


def _is_among(name: str, longer: set[str]) -> bool:
    begins = re.compile(re.escape(name) + r"(?![0-9])")
    return any(begins.match(other) for other in longer)


def _profile(model: bytes, feed: Feed, folder: Path) -> str:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "profile")
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    session.run(None, dict(feed))
    return str(session.end_profiling())


def _inner(node: onnx.NodeProto, shapes: Mapping[str, list[int]]) -> int:
    """Products summed for one number of the output."""
    weight = shapes[node.input[1]]
    if node.op_type == "Conv":
        return int(np.prod(weight[1:], dtype=np.int64))
    if node.op_type == "ConvTranspose":
        given, made = (shapes[name][2:] for name in (node.input[0], node.output[0]))
        share = np.prod(given, dtype=np.float64) / np.prod(made, dtype=np.float64)
        return round(float(share) * weight[0] * int(np.prod(weight[2:], dtype=np.int64)))
    return shapes[node.input[0]][-1]
