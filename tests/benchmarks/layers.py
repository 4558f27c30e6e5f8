"""Where a window's time goes inside a runtime: its own profile, by kind of layer."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

import numpy as np
import openvino
from graphs import Graphs
from numpy.typing import NDArray

from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.onnx_scorer import open_session, session_options

RUNS = 15

Feed = dict[str, NDArray[np.generic]]
Layers = dict[str, dict[str, float]]
"""Milliseconds of each layer (median of the runs) by kind."""


def milliseconds_by_kind(graphs: Graphs, target: str) -> dict[str, float]:
    """Of `onnx-…` or `openvino-…`, one thread; the longest first."""
    grid = graphs.grid
    feed: Feed = {
        "frames": graphs.windows[-1][None],
        "location_mean": np.zeros(grid, np.float32),
        "location_scale": np.ones(grid, np.float32),
    }
    layers = (_onnx if target.startswith("onnx") else _openvino)(graphs.graph(target), feed)
    summed = {kind: sum(each.values()) for kind, each in layers.items()}
    return dict(sorted(summed.items(), key=lambda item: -item[1]))


def _onnx(graph: Graph, feed: Feed) -> Layers:
    options = session_options(graph.precision, 1)
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder, "profile"))
        session = open_session(graph, options)
        for _ in range(RUNS):
            session.run(None, feed)
        events = json.loads(Path(session.end_profiling()).read_text())
    runs: dict[tuple[str, str], list[float]] = defaultdict(list)
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            runs[event["args"]["op_name"], event["name"]].append(event["dur"] / 1e3)
    return _by_kind(runs)


def _openvino(graph: Graph, feed: Feed) -> Layers:
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": 1,
        "INFERENCE_PRECISION_HINT": "f32",
        "PERF_COUNT": True,
    }
    model = openvino.Core().read_model(graph.model, graph.weights)
    request = openvino.compile_model(model, "CPU", settings).create_infer_request()
    runs: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _ in range(RUNS):
        request.infer(feed)
        for layer in request.profiling_info:
            if layer.real_time.total_seconds() > 0:
                kind = f"{layer.node_type} {layer.exec_type.rsplit('_', 1)[-1]}"
                runs[kind, layer.node_name].append(layer.real_time.total_seconds() * 1e3)
    return _by_kind(runs)


def _by_kind(runs: dict[tuple[str, str], list[float]]) -> Layers:
    found: Layers = defaultdict(dict)
    for (kind, name), values in runs.items():
        found[kind][name] = median(values)
    return found
