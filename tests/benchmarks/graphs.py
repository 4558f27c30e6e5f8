"""One network in every form that is timed, made once and kept in a folder.

Weights are random but seeded, and INT8 ranges come from a few windows of the rendered scene:
neither changes how long a window takes. "Plain" is what somebody has who does the obvious:
torch.onnx.export as it comes, then each quantizer with its defaults.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
import onnx
import openvino
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch_target import config_of, network_of

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.no_telemetry import forbid_telemetry
from ocrgan_edge.runtime.scoring import raw_windows
from ocrgan_edge.video.open_source import open_source
from ocrgan_export.quantize import feed_of, quantize_onnx, quantize_openvino
from ocrgan_export.to_onnx import OPSET, example_inputs, to_onnx
from ocrgan_training.fused_graph import FusedGraph

WINDOWS = 6


class Graphs:
    """The graphs of a preset; each is made when it is first asked for, if it is not there yet."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.config = config_of(name)
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def spec(self) -> InputSpec:
        config = self.config
        return InputSpec(
            frames=config.frames, height=config.height, width=config.width, frames_per_second=10
        )

    @cached_property
    def fused(self) -> FusedGraph:
        return network_of(self.config)

    @property
    def grid(self) -> tuple[int, int, int]:
        return len(self.fused.term_weights), *self.fused.grid

    @cached_property
    def windows(self) -> list[NDArray[np.uint8]]:
        path = self.folder / "windows.npy"
        if not path.exists():
            source = open_source("scene:seed=1,seconds=4")
            found = list(raw_windows(source, self.spec, hop=4))[-WINDOWS:]
            np.save(path, np.stack(found))
        return list(np.load(path))

    def graph(self, target: str) -> Graph:
        """`[plain-]onnx|openvino-fp32|fp16|int8`."""
        path = self.file(target)
        *_, runtime, precision = target.split("-")
        weights = path.with_suffix(".bin")
        return Graph(
            target,
            runtime,
            "fp16" if precision == "bf16" else precision,
            path.read_bytes(),
            weights.read_bytes() if runtime == "openvino" else b"",
        )

    def file(self, target: str) -> Path:
        """Where a graph lies; it is made if it is not there."""
        stored = target.replace("bf16", "fp16")
        path = self.folder / f"{stored}{'.onnx' if 'onnx' in target else '.xml'}"
        if not path.exists():
            making = path.with_name(f"part-{path.name}")
            self._makers[stored](making)
            for made in sorted(self.folder.glob(f"part-{path.stem}.*")):
                made.rename(made.with_name(made.name.removeprefix("part-")))
        return path

    @property
    def _makers(self) -> dict[str, Callable[[Path], None]]:
        return {
            "onnx-fp32": lambda path: onnx.save(to_onnx(self.fused), path),
            "onnx-int8": lambda path: onnx.save(quantize_onnx(self._ours, self.windows), path),
            "openvino-fp32": lambda path: _save_ir(self.file("onnx-fp32"), path, fp16=False),
            "openvino-fp16": lambda path: _save_ir(self.file("onnx-fp32"), path, fp16=True),
            "openvino-int8": self._openvino_int8,
            "plain-onnx-fp32": self._plain_onnx,
            "plain-onnx-int8": self._plain_onnx_int8,
            "plain-openvino-fp32": lambda path: _save_ir(
                self.file("plain-onnx-fp32"), path, fp16=False
            ),
            "plain-openvino-int8": self._plain_openvino_int8,
        }

    @property
    def _ours(self) -> onnx.ModelProto:
        return onnx.load(self.file("onnx-fp32"))

    def _openvino_int8(self, path: Path) -> None:
        ir = quantize_openvino(self._ours, self.windows)
        path.write_bytes(ir.xml)
        path.with_suffix(".bin").write_bytes(ir.weights)

    def _plain_onnx(self, path: Path) -> None:
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                self.fused,
                example_inputs(self.fused),
                dynamo=True,
                input_names=list(self.fused.example()),
                output_names=self.fused.outputs,
                opset_version=OPSET,
                verbose=False,
            )
        assert program is not None
        program.save(path)

    def _plain_onnx_int8(self, path: Path) -> None:
        source = self.file("plain-onnx-fp32")
        ready = source.with_suffix(".ready.onnx")
        quant_pre_process(source, ready, skip_symbolic_shape=True)
        quantize_static(ready, path, _Windows(onnx.load(source), self.windows))
        ready.unlink()

    def _plain_openvino_int8(self, path: Path) -> None:
        os.environ.setdefault("NNCF_CI", "1")  # no telemetry
        forbid_telemetry()
        import nncf

        nncf.set_log_level(logging.ERROR)
        source = self.file("plain-onnx-fp32")
        model = onnx.load(source)
        quantized = nncf.quantize(
            openvino.Core().read_model(source),
            nncf.Dataset(self.windows, lambda window: feed_of(model, window)),
            subset_size=len(self.windows),
        )
        openvino.save_model(quantized, path)


class _Windows(CalibrationDataReader):
    def __init__(self, model: onnx.ModelProto, windows: list[NDArray[np.uint8]]) -> None:
        self._feeds = iter([feed_of(model, window) for window in windows])

    def get_next(self) -> dict[str, NDArray[np.generic]] | None:
        return next(self._feeds, None)


def _save_ir(source: Path, path: Path, *, fp16: bool) -> None:
    openvino.save_model(openvino.Core().read_model(source), path, compress_to_fp16=fp16)
