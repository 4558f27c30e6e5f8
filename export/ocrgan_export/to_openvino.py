"""ONNX → OpenVINO's IR: the graph as XML, weights beside it, float weights compressed to FP16."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import openvino
from openvino import opset13
from openvino.passes import MakeStateful, Manager

from ocrgan_export.states_in_bytes import keep_bytes_openvino
from ocrgan_training.step_graph import NEXT, STATE


@dataclass(frozen=True, slots=True)
class Ir:
    """An OpenVINO graph as it lies in a bundle."""

    xml: bytes
    weights: bytes


_MULTIPLYING = ("Convolution", "GroupConvolution", "MatMul")
"""What reads a rounded state here: it goes on into sums, not into the next state as it is."""


def to_openvino(model: onnx.ModelProto) -> Ir:
    """The same graph for OpenVINO, weights stored in FP16 (it computes in float32)."""
    return save_ir(with_state_inside(read_onnx(model)))


def with_state_inside(model: Any) -> Any:
    """What comes out as it goes in becomes variables of the graph; the model itself is changed.

    What would round a state as soon as it is read is left out, but before a multiplication: a state
    stays in float, but for what INT8 layers alone read, which is kept as their bytes. Zeros are
    said to be the first value, although they would be anyway: without an input there, OpenVINO
    (2026.4) cannot compile a graph with INT8 in it. A graph without a state stays as it is.
    """
    keep_bytes_openvino(model)
    states = {port.get_any_name(): port for port in model.inputs}
    states = {name: port for name, port in states.items() if name.startswith(STATE)}
    for port in states.values():
        _read_past_quantizers(port)
    if states:
        pairs = {name: NEXT + name.removeprefix(STATE) for name in states}
        manager = Manager()
        manager.register_pass(MakeStateful(pairs))
        manager.run_passes(model)
        for node in model.get_ops():
            if node.get_type_name() == "ReadValue":
                shape = opset13.constant(list(node.get_output_shape(0)), dtype=np.int64)
                kind = node.get_output_element_type(0).to_dtype()
                zero = opset13.constant(0, dtype=kind)
                node.set_arguments([opset13.broadcast(zero, shape).output(0)])
        model.validate_nodes_and_infer_types()
    return model


def _read_past_quantizers(port: Any) -> None:
    for reader in port.get_target_inputs():
        node = reader.get_node()
        if node.get_type_name() == "FakeQuantize":
            for after in node.output(0).get_target_inputs():
                if after.get_node().get_type_name() not in _MULTIPLYING:
                    after.replace_source_output(port)


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
