"""ONNX → OpenVINO's IR: the graph as XML, weights beside it, float weights compressed to FP16."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import openvino
from openvino.passes import MakeStateful, Manager

from ocrgan_training.step_graph import NEXT, STATE


@dataclass(frozen=True, slots=True)
class Ir:
    """An OpenVINO graph as it lies in a bundle."""

    xml: bytes
    weights: bytes


def to_openvino(model: onnx.ModelProto) -> Ir:
    """The same graph for OpenVINO, weights stored in FP16 (it computes in float32)."""
    return save_ir(with_state_inside(read_onnx(model)))


def with_state_inside(model: Any) -> Any:
    """What comes out as it goes in becomes variables of the graph; the model itself is changed.

    A graph without a state stays as it is.
    """
    inputs = [port.get_any_name() for port in model.inputs]
    pairs = {name: NEXT + name.removeprefix(STATE) for name in inputs if name.startswith(STATE)}
    if pairs:
        manager = Manager()
        manager.register_pass(MakeStateful(pairs))
        manager.run_passes(model)
    return model


def read_onnx(model: onnx.ModelProto) -> Any:
    """As OpenVINO's own model, which NNCF quantizes."""
    return openvino.Core().read_model(model.SerializeToString())


def save_ir(model: Any) -> Ir:
    """An OpenVINO model as bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "graph.xml")
        openvino.save_model(model, path, compress_to_fp16=True)
        return Ir(path.read_bytes(), path.with_suffix(".bin").read_bytes())


def read_ir(ir: Ir) -> Any:
    """The inverse of `save_ir`."""
    return openvino.Core().read_model(ir.xml, ir.weights)
