"""What is timed: every way to score a window, as a call that takes a window."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import openvino
from graphs import Graphs
from numpy.typing import NDArray
from torch_target import Run, torch_run

from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import load_scorer
from ocrgan_edge.runtime.processor import read_processor
from ocrgan_edge.runtime.scorer import LocationStatistics

OURS = ("onnx-fp32", "onnx-int8", "openvino-fp32", "openvino-fp16", "openvino-int8")
PLAIN = ("plain-onnx-fp32", "plain-onnx-int8", "plain-openvino-fp32", "plain-openvino-int8")
TORCH = ("torch-eager", "torch-compile")


def target_names() -> tuple[str, ...]:
    """All that this processor can do; BF16 only where it is more than a wish."""
    has_bf16 = read_processor().features & {"avx512_bf16", "amx_bf16"}
    return (*TORCH, *OURS, *(("openvino-bf16",) if has_bf16 else ()), *PLAIN)


def run_of(graphs: Graphs, target: str, threads: int) -> Run:
    """A target, loaded; the first call of `torch-compile` takes minutes."""
    if target in TORCH:
        return torch_run(graphs.fused, target, threads)
    graph = graphs.graph(target)
    if target.startswith("plain-onnx"):
        return _plain_onnx(graph, graphs.grid, threads)
    if target.startswith("plain-openvino"):
        return _openvino(graph, graphs.grid, {"INFERENCE_NUM_THREADS": threads})
    if target == "openvino-bf16":
        return _openvino(
            graph,
            graphs.grid,
            {
                "INFERENCE_NUM_THREADS": threads,
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_PRECISION_HINT": "bf16",
            },
        )
    return load_scorer(graph, graphs.spec, LocationStatistics.neutral(graphs.grid), threads).score


def _plain_onnx(graph: Graph, grid: tuple[int, int, int], threads: int) -> Run:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph.model, options, providers=["CPUExecutionProvider"])
    statistics = _neutral(grid)
    return lambda window: session.run(None, {"frames": window[None], **statistics})


def _openvino(graph: Graph, grid: tuple[int, int, int], settings: dict[str, Any]) -> Run:
    model = openvino.Core().read_model(graph.model, graph.weights)
    request = openvino.compile_model(model, "CPU", settings).create_infer_request()
    statistics = _neutral(grid)
    return lambda window: request.infer({"frames": window[None], **statistics})


def _neutral(grid: tuple[int, int, int]) -> dict[str, NDArray[np.float32]]:
    return {
        "location_mean": np.zeros(grid, np.float32),
        "location_scale": np.ones(grid, np.float32),
    }
