"""One window through every runtime, per preset: `make bench`.

Networks have random weights and INT8 ranges come from the rendered scene: neither changes how long
a window takes. Within a preset, read the ratios in brackets; absolute times belong to the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import load_scorer
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.runtime.scoring import raw_windows
from ocrgan_edge.video.open_source import open_source
from ocrgan_export.quantize import quantize_onnx, quantize_openvino
from ocrgan_export.to_onnx import example_inputs, to_onnx
from ocrgan_export.to_openvino import to_openvino
from ocrgan_training.fused_graph import FusedGraph
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import preset

PRESETS = ("nano", "small")
TARGETS = ("torch", "onnx-fp32", "onnx-int8", "openvino-fp16", "openvino-int8")


@cache
def fused(name: str) -> FusedGraph:
    torch.manual_seed(1)
    return FusedGraph(OcrGanVideo(preset(name)))


@cache
def windows(name: str) -> list[np.ndarray]:
    config = preset(name)
    spec = InputSpec(
        frames=config.frames, height=config.height, width=config.width, frames_per_second=10
    )
    return list(raw_windows(open_source("scene:seed=1,seconds=4"), spec, hop=4))[-6:]


@cache
def graph(name: str, target: str) -> Graph:
    model = to_onnx(fused(name))
    runtime, precision = target.split("-")
    if runtime == "onnx":
        if precision == "int8":
            model = quantize_onnx(model, windows(name))
        return Graph(target, "onnx", precision, model.SerializeToString(), b"")
    ir = quantize_openvino(model, windows(name)) if precision == "int8" else to_openvino(model)
    return Graph(target, "openvino", precision, ir.xml, ir.weights)


def run_of(name: str, target: str) -> Callable[[], object]:
    window = windows(name)[-1]
    if target == "torch":
        module, (_, mean, scale) = fused(name), example_inputs(fused(name))
        frames = torch.from_numpy(window)[None]

        def eager() -> object:
            with torch.inference_mode():
                return module(frames, mean, scale)

        return eager
    config = preset(name)
    spec = InputSpec(
        frames=config.frames, height=config.height, width=config.width, frames_per_second=10
    )
    grid = (5, config.height // 4, config.width // 4)
    scorer = load_scorer(graph(name, target), spec, LocationStatistics.neutral(grid))
    return lambda: scorer.score(window)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", PRESETS)
def test_one_window(benchmark: BenchmarkFixture, name: str, target: str) -> None:
    benchmark.group = f"{name}: one window"
    benchmark.name = target
    benchmark.pedantic(run_of(name, target), rounds=30, warmup_rounds=5)
