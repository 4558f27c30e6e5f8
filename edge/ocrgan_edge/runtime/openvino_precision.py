"""What OpenVINO runs in INT8: asked of the graph that its CPU plug-in made."""

from __future__ import annotations

import math
from typing import Any

from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.openvino_scorer import compile_model, read_model
from ocrgan_edge.runtime.precision import Kernel

WEIGHTED = {
    "Convolution": 1,
    "GroupConvolution": 2,
    "ConvolutionBackpropData": 1,
    "GroupConvolutionBackpropData": 2,
}
"""Convolutions, and where their weights' dimensions begin that are summed over."""

ADDED = "/WithoutBiases"
"""What OpenVINO adds to the name of an ONNX node."""


def openvino_kernels(graph: Graph) -> list[Kernel]:
    """Compiles a graph; all that multiplies in it, and what each became.

    Raises:
        BundleError: the graph cannot be loaded or compiled.
    """
    model = read_model(graph)
    macs = {
        op.get_friendly_name(): count
        for op in model.get_ordered_ops()
        if (count := _macs(op)) is not None
    }
    int8 = _int8_layers(compile_model(graph, model, threads=1))
    return [Kernel(name.removesuffix(ADDED), count, name in int8) for name, count in macs.items()]


def _int8_layers(compiled: Any) -> set[str]:
    """Nodes of the graph in those layers of the plug-in's that read 8-bit integers."""
    layers: set[str] = set()
    for layer in compiled.get_runtime_model().get_ordered_ops():
        about = layer.get_rt_info()
        if str(about["runtimePrecision"].value) in ("i8", "u8"):
            layers.update(str(about["originalLayersNames"].value).split(","))
    return layers


def _macs(op: Any) -> int | None:
    """Multiply-accumulates; None of what does not multiply matrices."""
    kind = op.get_type_name()
    if kind == "MatMul":
        first = _given(op, 0)
        inner = first[-2 if op.get_attributes()["transpose_a"] and len(first) > 1 else -1]
        return math.prod(_made(op)) * inner
    if kind not in WEIGHTED:
        return None
    summed = math.prod(_given(op, 1)[WEIGHTED[kind] :])
    return summed * math.prod(_given(op, 0) if "Backprop" in kind else _made(op))


def _given(op: Any, place: int) -> list[int]:
    return list(op.input(place).get_shape())


def _made(op: Any) -> list[int]:
    return list(op.output(0).get_shape())
