"""States of a graph that steps which INT8 layers alone read: kept as the bytes that those read.

Rounding q(x) to bytes is done number by number, so it commutes with what only moves numbers:
q(concat(past, new)) = concat(q(past), q(new)), and the next past, a slice of it, is a slice of
bytes. What was rounded once is not rounded again, so every output stays what it was, to the bit.

The local discriminator's frames are such a state, by far the largest. A frame of `small` (256×384,
trained, one thread of an AVX512-VNNI machine, medians of 60 runs in turn): 0.94 of the time in
ONNX Runtime INT8, 0.91 to 0.96 in OpenVINO INT8.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, numpy_helper
from openvino import opset13

from ocrgan_training.step_graph import NEXT, STATE

_ALIKE = ("Reshape", "Squeeze", "Unsqueeze")
_LEVELS = 256
Readers = defaultdict[str, list[NodeProto]]
"""Of each value."""


@dataclass(frozen=True)
class _Kept:
    """A state of an ONNX graph: what is concatenated to it, and what rounds both."""

    name: str
    both: NodeProto
    last: NodeProto
    """The node before the rounding: `both`, or the last that reshapes it."""
    rounding: NodeProto


def keep_bytes_onnx(model: onnx.ModelProto) -> list[str]:
    """Changes a quantized ONNX graph; gives the states (without prefix) that are bytes now."""
    found = list(_kept_onnx(model))
    for kept in found:
        rounding, new = kept.rounding, kept.both.input[1]
        rounded = f"{new}_bytes"
        at = list(model.graph.node).index(kept.both)
        first = onnx.helper.make_node(
            "QuantizeLinear", [new, *rounding.input[1:]], [rounded], f"{rounding.name}_bytes"
        )
        kept.both.input[1] = rounded
        kept.last.output[0] = rounding.output[0]
        if kept.last is kept.both:
            _rename_reads(model, rounding.input[0], rounding.output[0])
        model.graph.node.remove(rounding)
        model.graph.node.insert(at, first)
        for port in (*model.graph.input, *model.graph.output):
            if port.name in (f"{STATE}{kept.name}", f"{NEXT}{kept.name}"):
                port.type.tensor_type.elem_type = TensorProto.UINT8
    if found:
        del model.graph.value_info[:]  # types are not what they were
    return [kept.name for kept in found]


def _kept_onnx(model: onnx.ModelProto) -> Iterator[_Kept]:
    readers: Readers = defaultdict(list)
    for node in model.graph.node:
        for name in node.input:
            readers[name].append(node)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for port in model.graph.input:
        name = port.name.removeprefix(STATE)
        both = readers[port.name]
        if name == port.name or len(both) != 1 or not _follows(both[0], port.name):
            continue
        last, rounding = _rounding(both[0], f"{NEXT}{name}", readers)
        if rounding is not None and _is_to_bytes(rounding, constants):
            yield _Kept(name, both[0], last, rounding)


def _follows(node: NodeProto, state: str) -> bool:
    """Whether a node puts one thing behind a state."""
    return node.op_type == "Concat" and len(node.input) == 2 and node.input[0] == state


def _rounding(both: NodeProto, after: str, readers: Readers) -> tuple[NodeProto, NodeProto | None]:
    """What alone reads both but the slice `after`, and the node before it; None if it is not."""
    slices = [node for node in readers[both.output[0]] if node.output[0] == after]
    others = [node for node in readers[both.output[0]] if node.output[0] != after]
    last = both
    while len(others) == 1 and others[0].op_type in _ALIKE:
        last, others = others[0], readers[others[0].output[0]]
    if [node.op_type for node in slices] != ["Slice"] or readers[after]:
        return last, None
    return last, others[0] if len(others) == 1 else None


def _is_to_bytes(node: NodeProto, constants: dict[str, TensorProto]) -> bool:
    if node.op_type != "QuantizeLinear" or len(node.input) != 3:
        return False
    scale, zero = (constants.get(name) for name in list(node.input)[1:])
    if scale is None or zero is None:
        return False
    return numpy_helper.to_array(scale).size == 1 and zero.data_type == TensorProto.UINT8


def _rename_reads(model: onnx.ModelProto, old: str, new: str) -> None:
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name == old:
                node.input[place] = new


def keep_bytes_openvino(model: Any) -> list[str]:
    """The same for OpenVINO's model, whose states are still inputs and outputs.

    What rounds in it, a `FakeQuantize`, gives numbers of float32: it becomes one that gives
    0 … 255, a conversion to bytes, and behind the state the way back.
    """
    results = {port.get_any_name(): port.node for port in model.outputs}
    found = []
    for port in model.inputs:
        name = port.get_any_name().removeprefix(STATE)
        if name != port.get_any_name() and _keep_openvino(model, port, results[f"{NEXT}{name}"]):
            found.append(name)
    if found:
        model.validate_nodes_and_infer_types()
    return found


@dataclass(frozen=True)
class _Place:
    """A state of OpenVINO's model: nodes from the input to what rounds it."""

    port: Any
    both: Any
    cut: Any
    shapes: list[Any]
    """Between `both` and `rounding`."""
    rounding: Any


def _place(port: Any, result: Any) -> _Place | None:
    """Where a state is read and made; None if it is not for what rounds it to bytes alone."""
    cut, both = result.input_value(0).get_node(), _only_reader(port)
    if both is None or both.get_type_name() != "Concat" or both.get_input_size() != 2:
        return None
    if cut.get_type_name() != "Slice" or cut.input_value(0).get_node() != both:
        return None
    if both.input_value(0).get_node() != port.node or _only_reader(cut.output(0)) is None:
        return None
    others, shapes = [node for node in _readers(both.output(0)) if node != cut], []
    while len(others) == 1 and others[0].get_type_name() in _ALIKE:
        shapes.append(others[0])
        others = _readers(others[0].output(0))
    return _Place(port, both, cut, shapes, others[0]) if len(others) == 1 else None


def _keep_openvino(model: Any, port: Any, result: Any) -> bool:
    place = _place(port, result)
    if place is None or (step := _step_and_zero(place.rounding)) is None:
        return False
    name = port.get_any_name()
    state = opset13.parameter(list(port.get_shape()), np.uint8, name)
    low, high = (place.rounding.input_value(side) for side in (1, 2))
    to_bytes = opset13.constant(np.float32(0)), opset13.constant(np.float32(_LEVELS - 1))
    rounded = opset13.fake_quantize(place.both.input_value(1), low, high, *to_bytes, _LEVELS)
    axis = place.both.get_attributes()["axis"]
    both = opset13.concat([state, opset13.convert(rounded, "u8")], axis)
    cut = opset13.slice(both, *_after_first(place.cut))
    seen = both
    for shape in place.shapes:
        sizes = np.array(list(shape.get_output_shape(0)), np.int64)
        seen = opset13.reshape(seen, opset13.constant(sizes), special_zero=False)
    scale, zero = (opset13.constant(np.float32(number)) for number in step)
    number = opset13.multiply(opset13.subtract(opset13.convert(seen, "f32"), zero), scale)
    for reader in place.rounding.output(0).get_target_inputs():
        reader.replace_source_output(number.output(0))
    place.cut.output(0).get_tensor().set_names(set())
    cut.output(0).get_tensor().set_names({NEXT + name.removeprefix(STATE)})
    state.output(0).get_tensor().set_names({name})
    result.input(0).replace_source_output(cut.output(0))
    model.replace_parameter(model.get_parameter_index(port.node), state)
    return True


def _after_first(node: Any) -> list[Any]:
    return [node.input_value(place) for place in range(1, node.get_input_size())]


def _readers(value: Any) -> list[Any]:
    return [put.get_node() for put in value.get_target_inputs()]


def _only_reader(value: Any) -> Any:
    readers = _readers(value)
    return readers[0] if len(readers) == 1 else None


def _step_and_zero(node: Any) -> tuple[float, int] | None:
    """Of a quantizer that rounds to bytes, 0 among them; None where it is something else."""
    if node.get_type_name() != "FakeQuantize" or node.get_attributes()["levels"] != _LEVELS:
        return None
    ends = [node.input_value(place).get_node() for place in range(1, 5)]
    if any(end.get_type_name() != "Constant" or end.data.size != 1 for end in ends):
        return None
    low, high, out_low, out_high = (float(end.data.item()) for end in ends)
    scale = (high - low) / (_LEVELS - 1)
    zero = round(-low / scale)
    if (low, high) != (out_low, out_high) or abs(-low / scale - zero) > 1e-3:
        return None
    return scale, zero
