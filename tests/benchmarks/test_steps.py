"""One frame through every graph that steps, per preset and local discriminator: `make bench`.

Networks have random weights, ranges come from the rendered scene: neither changes a frame's time.
Read it beside that of the same preset's window. 100 ms over a frame's time is how many cameras at
10 frames/s one core carries, each frame scored.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import onnx
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import load_scorer
from ocrgan_edge.runtime.scorer import LocationStatistics, Stepper
from ocrgan_edge.runtime.scoring import raw_windows
from ocrgan_edge.video.open_source import open_source
from ocrgan_export.quantize import quantize_onnx, quantize_openvino
from ocrgan_export.quantize_steps import step_feeds
from ocrgan_export.to_onnx import to_onnx
from ocrgan_export.to_openvino import read_ir, save_ir, to_openvino, with_state_inside
from ocrgan_training.network.make_network import make_network
from ocrgan_training.network.presets import NetworkConfig, preset
from ocrgan_training.step_graph import StepGraph

PRESETS = os.environ.get("OCRGAN_PRESETS", "nano").split(",")
PATCHES = ("stack", "frames")
TARGETS = ("onnx-fp32", "onnx-int8", "openvino-fp16", "openvino-int8")


def config_of(name: str, patches: str) -> NetworkConfig:
    return replace(preset(name), causal=True, patches=patches)


def spec_of(config: NetworkConfig) -> InputSpec:
    return InputSpec(
        frames=config.frames, height=config.height, width=config.width, frames_per_second=10
    )


@cache
def windows(name: str) -> list[np.ndarray]:
    spec = spec_of(preset(name))
    return list(raw_windows(open_source("scene:seed=1,seconds=4"), spec, hop=4))[-6:]


@cache
def model(name: str, patches: str) -> tuple[onnx.ModelProto, tuple[int, int]]:
    torch.manual_seed(1)
    graph = StepGraph(make_network(config_of(name, patches)))
    return to_onnx(graph), graph.grid


def graph(name: str, patches: str, target: str) -> Graph:
    made, _ = model(name, patches)
    runtime, precision = target.split("-")
    if runtime == "onnx":
        if precision == "int8":
            made = quantize_onnx(made, step_feeds(made, windows(name)))
        return Graph(target, "onnx", precision, made.SerializeToString(), form="step")
    if precision == "int8":
        quantized = quantize_openvino(made, step_feeds(made, windows(name)))
        ir = save_ir(with_state_inside(read_ir(quantized)))
    else:
        ir = to_openvino(made)
    return Graph(target, "openvino", precision, ir.xml, ir.weights, "step")


def run_of(name: str, patches: str, target: str) -> Callable[[], object]:
    spec = spec_of(config_of(name, patches))
    neutral = LocationStatistics.neutral((5, *model(name, patches)[1]))
    scorer = load_scorer(graph(name, patches, target), spec, neutral, threads=1)
    assert isinstance(scorer, Stepper)
    window = windows(name)[-1]
    return lambda: scorer.follow(window, new=1)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("patches", PATCHES)
@pytest.mark.parametrize("name", PRESETS)
def test_one_frame(benchmark: BenchmarkFixture, name: str, patches: str, target: str) -> None:
    benchmark.group = f"{name}: one frame, patches by {patches}, one thread"
    benchmark.name = target
    benchmark.pedantic(run_of(name, patches, target), rounds=60, warmup_rounds=10)
