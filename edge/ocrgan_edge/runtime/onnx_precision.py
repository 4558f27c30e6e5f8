"""What ONNX Runtime runs in INT8: read from the profile of one run of its optimised graph."""

from __future__ import annotations

import json
import math
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.onnx_scorer import open_session, ports_of, session_options
from ocrgan_edge.runtime.precision import Feed, Kernel
from ocrgan_edge.runtime.step_scorer import STATE

CONVOLUTIONS = ("Conv", "FusedConv", "ConvInteger", "QLinearConv")
TRANSPOSED = ("ConvTranspose",)
PRODUCTS = (
    "DynamicQuantizeMatMul",
    "FusedGemm",
    "FusedMatMul",
    "Gemm",
    "MatMul",
    "MatMulInteger",
    "MatMulIntegerToFloat",
    "QGemm",
    "QLinearMatMul",
)
INT8 = (
    "ConvInteger",
    "DynamicQuantizeMatMul",
    "MatMulInteger",
    "MatMulIntegerToFloat",
    "QGemm",
    "QLinearConv",
    "QLinearMatMul",
)
"""Kernels that multiply 8-bit integers."""

AFTER_THE_NODE = re.compile(r"(_token_\d+)?_kernel_time$")
"""What ONNX Runtime adds to a node's name: when it fuses nodes, and in every profile."""

Shape = list[int]


def onnx_kernels(graph: Graph, feed: Feed) -> list[Kernel]:
    """Runs a graph once under the session's own profiler; all that multiplies in it.

    Raises:
        BundleError: the graph cannot be loaded.
    """
    with tempfile.TemporaryDirectory() as folder:
        events = json.loads(_profile(graph, feed, Path(folder)).read_text())
    return [
        _kernel(event)
        for event in events
        if event.get("cat") == "Node"
        and event["name"].endswith("_kernel_time")
        and event["args"]["op_name"] in (*CONVOLUTIONS, *TRANSPOSED, *PRODUCTS)
    ]


def _profile(graph: Graph, feed: Feed, folder: Path) -> Path:
    options = session_options(graph.precision, threads=1)
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "profile")
    # Without the last step, which changes the layout in memory, and names and channels with it, but
    # not what is computed in INT8.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    # Packed weights are not in the profile, and without their shapes nothing can be counted. The
    # kernels are the same.
    options.add_session_config_entry("session.disable_prepacking", "1")
    session = open_session(graph, options)
    session.run(None, _fed(session, feed))
    return Path(session.end_profiling())


def _fed(session: onnxruntime.InferenceSession, feed: Feed) -> dict[str, Any]:
    """A window's feed for a graph that steps, too: its newest frame, and nothing before it."""
    fed: dict[str, Any] = {
        name: np.zeros(port.shape, port.dtype)
        for name, port in ports_of(session.get_inputs()).items()
        if name.startswith(STATE)
    }
    fed |= feed
    if fed.keys() - feed.keys():
        fed["frames"] = feed["frames"][:, -1:]
    return fed


def _kernel(event: dict[str, Any]) -> Kernel:
    kind = event["args"]["op_name"]
    given = _shapes(event["args"]["input_type_shape"])
    made = _shapes(event["args"]["output_type_shape"])
    name = AFTER_THE_NODE.sub("", event["name"])
    return Kernel(name, _macs(kind, given, made[0]), kind in INT8)


def _shapes(tensors: list[dict[str, Shape]]) -> list[Shape]:
    return [shape for tensor in tensors for shape in tensor.values()]


def _macs(kind: str, given: list[Shape], made: Shape) -> int:
    if kind in PRODUCTS:
        return math.prod(made) * _inner(given[0], made)
    # Scales and zero points stand between them, but have one dimension at most.
    frames, weight = [shape for shape in given if len(shape) >= 3][:2]
    # Weights are (out, in / group, …), of a transposed convolution (in, out / group, …).
    return math.prod(frames if kind in TRANSPOSED else made) * math.prod(weight[1:])


def _inner(first: Shape, made: Shape) -> int:
    """Products summed for one number; some kernels transpose their first matrix on the way."""
    a_vector_is_in_it = len(first) == 1 or len(made) < len(first)
    if a_vector_is_in_it or first[-2] == made[-2]:
        return first[-1]
    return first[-2]
