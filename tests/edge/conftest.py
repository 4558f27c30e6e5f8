"""A bundle whose graph steps: what changed since the frame before, and how many frames it knows."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import openvino
import pytest
from openvino.passes import MakeStateful, Manager

from ocrgan_edge.bundle import Bundle, Calibration, InputSpec, Manifest, Target, open_bundle
from ocrgan_edge.bundle import write_bundle as write
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import load_scorer
from ocrgan_edge.runtime.scorer import TERMS, LocationStatistics
from ocrgan_edge.runtime.self_test import golden_scores

STEP_SPEC = InputSpec(frames=8, height=32, width=32, frames_per_second=10)
STEP_GRID = (5, 8, 8)

STEP_GRAPH = """
<ir_version: 8, opset_import: ["" : 18], producer_name: "tests">
changes (uint8[1,1,32,32,3] frames, float[5,8,8] location_mean, float[5,8,8] location_scale,
         float[1,3,32,32] "state.before", float[1] "state.known")
    => (float[1] score, float[1] frame_scores, float[1,8,8] anomaly_map, float[5] shares,
        float[1] seed, float[5,1,8,8] terms, float[1,3,32,32] "next.before", float[1] "next.known")
<int64[4] image = {1, 32, 32, 3}, int64[2] colour_and_pixels = {1, 1}, int64[1] i0 = {0},
 int64[1] i1 = {1}, int64[4] map = {1, 1, 8, 8}, int64[4] others = {4, 1, 8, 8},
 int64[4] places = {5, 1, 8, 8}, int64[1] flat = {64}, float[1] one = {1.0}, float zero = {0.0},
 float[5] motion = {0.0, 0.0, 1.0, 0.0, 0.0}, float[4,1,8,8] nothing = {NOTHING},
 float scale_of_pixels = {255.0}>
{
    picture = Reshape (frames, image)
    planes = Transpose <perm = [0, 3, 1, 2]> (picture)
    number = Cast <to = 1> (planes)
    "next.before" = Div (number, scale_of_pixels)
    "next.known" = Add ("state.known", one)
    change = Sub ("next.before", "state.before")
    size = Abs (change)
    gray = ReduceMean <keepdims = 1> (size, i1)
    cells = AveragePool <kernel_shape = [4, 4], strides = [4, 4]> (gray)
    terms = Concat <axis = 0> (cells, nothing)
    mean = Unsqueeze (location_mean, i1)
    scale = Unsqueeze (location_scale, i1)
    away = Sub (terms, mean)
    unusual = Div (away, scale)
    anomaly_map = ReduceSum <keepdims = 0> (unusual, i0)
    frame = Reshape (anomaly_map, flat)
    frame_scores = ReduceMax <keepdims = 1> (frame, i0)
    score = Add (frame_scores, zero)
    seed = Add ("next.known", zero)
    nought = Mul (score, zero)
    shares = Add (motion, nought)
}
""".replace("NOTHING", ", ".join(["0.0"] * 256))
"""The score is the largest change of a cell, 0 … 1; the seed is the number of frames known."""


@pytest.fixture(scope="session")
def step_graph() -> Callable[..., Graph]:
    """`step_graph(runtime, old=new, …)`: the graph, with parts of its text replaced."""

    def build(runtime: str = "onnx", replaced: dict[str, str] | None = None) -> Graph:
        text = STEP_GRAPH
        for old, new in (replaced or {}).items():
            assert old in text
            text = text.replace(old, new)
        model = onnx.parser.parse_model(text).SerializeToString()
        if runtime == "onnx":
            return Graph("onnx-fp32", "onnx", "fp32", model, form="step")
        return Graph("openvino-fp16", "openvino", "fp16", *_stateful(model), form="step")

    return build


def _stateful(model: bytes) -> tuple[bytes, bytes]:
    read = openvino.Core().read_model(model)
    manager = Manager()
    manager.register_pass(MakeStateful({f"state.{n}": f"next.{n}" for n in ("before", "known")}))
    manager.run_passes(read)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "graph.xml")
        openvino.save_model(read, path)
        return path.read_bytes(), path.with_suffix(".bin").read_bytes()


@pytest.fixture(scope="session")
def step_bundle(
    step_graph: Callable[..., Graph], tmp_path_factory: pytest.TempPathFactory
) -> Bundle:
    """Both runtimes' graphs that step, beside one of windows."""
    graphs = [step_graph(runtime) for runtime in ("onnx", "openvino")]
    golden = np.full((1, 8, 32, 32, 3), 90, np.uint8)
    golden[0, 7] = 180
    neutral = LocationStatistics.neutral(STEP_GRID)
    scores = {
        f"score/{graph.target}": golden_scores(load_scorer(graph, STEP_SPEC, neutral), golden)
        for graph in graphs
    }
    members = {
        "golden.npz": _npz(frames=golden, **scores),
        "statistics.npz": _npz(mean=neutral.mean, scale=neutral.scale),
        "onnx-fp32.onnx": graphs[0].model,
        "openvino-fp16.xml": graphs[1].model,
        "openvino-fp16.bin": graphs[1].weights,
    }
    path = tmp_path_factory.mktemp("steps") / "steps.ocrgan"
    write(path, _manifest(graphs), members)
    return open_bundle(path)


def _manifest(graphs: list[Graph]) -> Manifest:
    calibration = Calibration(
        threshold=0.2,
        median=0.01,
        false_alarms_per_day=1.0,
        windows=100,
        minutes=1.0,
        hop=1,
        source="chosen by hand for tests",
    )
    targets = {
        graph.target: Target(
            runtime=graph.runtime,
            precision=graph.precision,
            form="step",
            graph=f"{graph.target}.{'onnx' if graph.runtime == 'onnx' else 'xml'}",
            statistics="statistics.npz",
            calibration=calibration,
        )
        for graph in graphs
    }
    return Manifest(
        name="steps",
        created="2025-01-01T00:00:00Z",
        input=STEP_SPEC,
        terms=TERMS,
        targets=targets,
        golden="golden.npz",
        training={"recent": 1},
        members={},
    )


def _npz(**arrays: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.savez_compressed(data, **arrays)
    return data.getvalue()
