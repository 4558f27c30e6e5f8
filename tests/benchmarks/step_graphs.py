"""A preset's network that steps, in every form that is timed; made once and kept in a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from math import prod

import numpy as np
import onnx
import torch
from graphs import Graphs

from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import load_scorer
from ocrgan_edge.runtime.scorer import LocationStatistics, Stepper
from ocrgan_export.quantize import quantize_onnx, quantize_openvino
from ocrgan_export.quantize_steps import step_feeds
from ocrgan_export.to_onnx import to_onnx
from ocrgan_export.to_openvino import Ir, read_ir, save_ir, to_openvino, with_state_inside
from ocrgan_training.network.make_network import make_network
from ocrgan_training.step_graph import STATE, StepGraph

TARGETS = ("onnx-fp32", "onnx-int8", "openvino-fp16", "openvino-int8")


class StepGraphs:
    """As `Graphs`; random weights, ranges from the same windows of the rendered scene."""

    def __init__(self, windows: Graphs, patches: str) -> None:
        """Of the same preset as `windows`, with this kind of local discriminator."""
        self._windows = windows
        self.config = replace(windows.config, causal=True, patches=patches)
        self.folder = windows.folder / f"steps-{patches}"
        self.folder.mkdir(exist_ok=True)

    def run_of(self, target: str) -> Callable[[], object]:
        """One frame that follows on many, one thread."""
        spec, grid = self._windows.spec, self._windows.grid
        neutral = LocationStatistics.neutral(grid)
        scorer = load_scorer(self._graph(target), spec, neutral, threads=1)
        assert isinstance(scorer, Stepper)
        scorer.score(self._windows.windows[-2])
        return partial(scorer.follow, self._windows.windows[-1], new=1)

    @property
    def state_bytes(self) -> int:
        """Of a camera, as the graph takes them."""
        kept = [put for put in self._model.graph.input if put.name.startswith(STATE)]
        shapes = [[side.dim_value for side in put.type.tensor_type.shape.dim] for put in kept]
        return sum(prod(shape) for shape in shapes) * np.dtype(np.float32).itemsize

    @cached_property
    def _model(self) -> onnx.ModelProto:
        path = self.folder / "onnx-fp32.onnx"
        if not path.exists():
            torch.manual_seed(1)
            onnx.save(to_onnx(StepGraph(make_network(self.config))), path)
        return onnx.load(path)

    def _graph(self, target: str) -> Graph:
        runtime, precision = target.split("-")
        if runtime == "onnx":
            model = self._model if precision == "fp32" else self._onnx_int8()
            return Graph(target, "onnx", precision, model.SerializeToString(), form="step")
        ir = self._ir(target)
        return Graph(target, "openvino", precision, ir.xml, ir.weights, "step")

    def _onnx_int8(self) -> onnx.ModelProto:
        path = self.folder / "onnx-int8.onnx"
        if not path.exists():
            feeds = step_feeds(self._model, self._windows.windows)
            onnx.save(quantize_onnx(self._model, feeds), path)
        return onnx.load(path)

    def _ir(self, target: str) -> Ir:
        path = self.folder / f"{target}.xml"
        if not path.exists():
            made = self._openvino_int8() if target.endswith("int8") else to_openvino(self._model)
            path.with_suffix(".bin").write_bytes(made.weights)
            path.write_bytes(made.xml)
        return Ir(path.read_bytes(), path.with_suffix(".bin").read_bytes())

    def _openvino_int8(self) -> Ir:
        feeds = step_feeds(self._model, self._windows.windows)
        return save_ir(with_state_inside(read_ir(quantize_openvino(self._model, feeds))))
