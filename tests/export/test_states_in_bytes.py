"""A state that INT8 layers alone read is kept as bytes: nothing that comes out changes by a bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
import openvino
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from openvino import opset13

from ocrgan_export.states_in_bytes import keep_bytes_onnx, keep_bytes_openvino
from ocrgan_export.to_openvino import with_state_inside

KEPT, SIZE = 3, 8
FRAME = (1, 1, 1, SIZE, SIZE)
PAST = (1, KEPT, 1, SIZE, SIZE)
IMAGE = (1, KEPT + 1, SIZE, SIZE)
STEPS = KEPT + 6
RANDOM = np.random.default_rng(1)
FRAMES = [RANDOM.normal(size=FRAME).astype(np.float32) for _ in range(STEPS)]
WEIGHT = RANDOM.integers(-60, 60, (2, KEPT + 1, 3, 3)).astype(np.int8)
STEP, ZERO = 0.02, 138
ZEROS_END = KEPT
"""From this step on, nothing is left of what a state was at first."""


def in_onnx(*, also_read: bool = False) -> onnx.ModelProto:
    """Frames with those before them as channels of a quantized convolution."""
    numbers = {
        "step": np.float32(STEP),
        "zero": np.uint8(ZERO),
        "image": np.array(IMAGE),
        "one": np.array([1]),
        "end": np.array([KEPT + 1]),
        "weight": WEIGHT,
        "size": np.full(2, 0.01, np.float32),
        "none": np.zeros(2, np.int8),
    }
    nodes = [
        helper.make_node("Concat", ["state.past", "frame"], ["both"], axis=1),
        helper.make_node("Slice", ["both", "one", "end", "one"], ["next.past"]),
        helper.make_node("Reshape", ["both", "image"], ["stacked"]),
        helper.make_node("QuantizeLinear", ["stacked", "step", "zero"], ["rounded"], "rounding"),
        helper.make_node("DequantizeLinear", ["rounded", "step", "zero"], ["seen"]),
        helper.make_node("DequantizeLinear", ["weight", "size", "none"], ["kernel"], axis=0),
        helper.make_node("Conv", ["seen", "kernel"], ["found"]),
    ]
    outputs = {"found": (1, 2, SIZE - 2, SIZE - 2), "next.past": PAST}
    if also_read:
        nodes.append(helper.make_node("Neg", ["both"], ["other"]))
        outputs["other"] = (1, KEPT + 1, 1, SIZE, SIZE)
    graph = helper.make_graph(
        nodes,
        "steps",
        [helper.make_tensor_value_info("frame", TensorProto.FLOAT, FRAME)]
        + [helper.make_tensor_value_info("state.past", TensorProto.FLOAT, PAST)],
        [helper.make_tensor_value_info(name, 1, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in numbers.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def walk_onnx(model: onnx.ModelProto) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    kind = np.uint8 if "uint8" in session.get_inputs()[1].type else np.float32
    state, found = np.zeros(PAST, kind), []
    for frame in FRAMES:
        told, state = session.run(["found", "next.past"], {"frame": frame, "state.past": state})
        found.append(told)
    return found


def in_openvino(low: float = -STEP * ZERO, levels: int = 256) -> Any:
    """The same as OpenVINO's quantizer leaves it, states still outside."""
    high = np.float32(low + STEP * 255)
    frame = opset13.parameter(list(FRAME), np.float32, "frame")
    state = opset13.parameter(list(PAST), np.float32, "state.past")
    both = opset13.concat([state, frame], 1)
    one, end = opset13.constant(np.array([1])), opset13.constant(np.array([KEPT + 1]))
    past = opset13.slice(both, one, end, one, one)
    stacked = opset13.reshape(both, opset13.constant(np.array(IMAGE)), special_zero=False)
    ends = [opset13.constant(np.float32(side)) for side in (low, high, low, high)]
    rounded = opset13.fake_quantize(stacked, *ends, levels)
    kernel = opset13.multiply(
        opset13.convert(opset13.constant(WEIGHT), "f32"), opset13.constant(np.float32(0.01))
    )
    found = opset13.convolution(rounded, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    for node, name in ((frame, "frame"), (state, "state.past"), (found, "found")):
        node.output(0).get_tensor().set_names({name})
    past.output(0).get_tensor().set_names({"next.past"})
    return openvino.Model([opset13.result(found), opset13.result(past)], [frame, state], "steps")


def walk_openvino(model: Any, inside: Callable[[Any], Any]) -> list[NDArray[np.float32]]:
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    request = openvino.compile_model(inside(model), "CPU", settings).create_infer_request()
    return [request.infer({"frame": frame})["found"].copy() for frame in FRAMES]


def same(one: list[NDArray[np.float32]], other: list[NDArray[np.float32]]) -> bool:
    pairs = zip(one[ZEROS_END:], other[ZEROS_END:], strict=True)
    return all(np.array_equal(*pair) for pair in pairs)


def test_onnx_tells_the_same_bits_from_a_state_of_bytes() -> None:
    model = in_onnx()
    before = walk_onnx(model)
    assert keep_bytes_onnx(model) == ["past"]
    onnx.checker.check_model(model, full_check=True)
    assert model.graph.input[1].type.tensor_type.elem_type == TensorProto.UINT8
    assert same(before, walk_onnx(model))


def test_a_state_that_something_else_reads_stays_in_float() -> None:
    model = in_onnx(also_read=True)
    before = model.SerializeToString()
    assert keep_bytes_onnx(model) == []
    assert model.SerializeToString() == before


def test_openvino_tells_the_same_from_a_variable_of_bytes() -> None:
    def stateful_in_float(model: Any) -> Any:
        manager = openvino.passes.Manager()
        manager.register_pass(openvino.passes.MakeStateful({"state.past": "next.past"}))
        manager.run_passes(model)
        for node in model.get_ops():
            if node.get_type_name() == "ReadValue":
                zeros = opset13.constant(np.zeros(PAST, np.float32))
                node.set_arguments([zeros.output(0)])
        return model

    before = walk_openvino(in_openvino(), stateful_in_float)
    model = with_state_inside(in_openvino())
    (kept,) = [node for node in model.get_ops() if node.get_type_name() == "ReadValue"]
    assert kept.get_output_element_type(0).to_dtype() == np.uint8
    found = walk_openvino(model, lambda made: made)
    for one, other in zip(before[ZEROS_END:], found[ZEROS_END:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6 * np.abs(one).max())


@pytest.mark.parametrize("model", [in_openvino(low=-1.003), in_openvino(levels=255)])
def test_what_is_not_rounded_to_bytes_with_a_zero_stays_in_float(model: Any) -> None:
    assert keep_bytes_openvino(model) == []
