"""The layers of a graph that INT8 multiplies, and how to leave some of them in float."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import onnx
from openvino import opset13

from ocrgan_edge.runtime.openvino_precision import ADDED
from ocrgan_export.quantize import float_nodes
from ocrgan_export.quantize_ranges import QUANTIZED
from ocrgan_export.to_openvino import Ir, read_ir, read_onnx, save_ir

MULTIPLYING = ("Conv", "MatMul", "Gemm")

MOVING = ("Concat", "Pad", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze")
"""What stands between a quantizer of OpenVINO's and the layer that it is for."""

Layers = Mapping[str, tuple[str, ...]]
"""A layer's nodes: the one that multiplies, whose name the layer has, and what follows it."""


def layers_of(model: onnx.ModelProto) -> Layers:
    """All that is quantized: each multiplication with the activations and resizes after it.

    ONNX Runtime quantizes the output of each of these nodes, so that a convolution that is left in
    float gains little while the activation behind it is not.
    """
    always = set(float_nodes(model))
    layers: dict[str, tuple[str, ...]] = {}
    makers: dict[str, str] = {}
    for node in model.graph.node:
        if node.op_type not in QUANTIZED or node.name in always:
            continue
        layer = node.name if node.op_type in MULTIPLYING else makers.get(node.input[0])
        if layer is not None:
            layers[layer] = (*layers.get(layer, ()), node.name)
            makers.update(dict.fromkeys(node.output, layer))
    return layers


def float_in_openvino(ir: Ir, model: onnx.ModelProto, kept: Collection[str]) -> Ir:
    """A quantized graph of OpenVINO's in which some layers compute in float again.

    Their weights and biases are those of the FP32 graph; what quantizes their inputs is gone where
    it is there for them alone. No window is looked at again: the other layers stay as they are.

    Args:
        ir: what `quantize_openvino` has made.
        model: the FP32 graph that it was made from.
        kept: names of layers.
    """
    quantized = read_ir(ir)
    before = {op.get_friendly_name(): op for op in read_onnx(model).get_ops()}
    for op in quantized.get_ordered_ops():
        name = op.get_friendly_name()
        if name.removesuffix(ADDED) not in kept or name not in before:
            continue
        if name.endswith(ADDED) or op.get_type_name() == "MatMul":
            _use_constant(op, before[name])
            _unquantize(op.input(0))
        if op.get_type_name() == "Add":
            _use_constant(op, before[name])
    quantized.validate_nodes_and_infer_types()
    return save_ir(quantized)


def _use_constant(op: Any, original: Any) -> None:
    """Gives a node the weights, or the bias, that it had."""
    given = original.input(1).get_source_output().get_node()
    if given.get_type_name() == "Constant":
        op.input(1).replace_source_output(opset13.constant(given.data).output(0))
    elif original.get_type_name() == "Add":  # a bias, reshaped to (1, C, 1, 1)
        vector = given.input(0).get_source_output().get_node().data
        shape = list(op.input(1).get_shape())
        op.input(1).replace_source_output(opset13.constant(vector.reshape(shape)).output(0))


def _unquantize(port: Any) -> None:
    """Reads past the quantizer of one input, if nothing else reads what lies in between."""
    node = port.get_source_output().get_node()
    if node.get_type_name() == "FakeQuantize":
        port.replace_source_output(node.input(0).get_source_output())
    elif node.get_type_name() in MOVING and len(node.output(0).get_target_inputs()) == 1:
        places = node.get_input_size() if node.get_type_name() == "Concat" else 1
        for place in range(places):
            _unquantize(node.input(place))
