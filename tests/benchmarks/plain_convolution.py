"""What this processor can do: one large plain 3×3 convolution, in each runtime and precision."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import openvino
import torch
from onnx import parser
from onnx.numpy_helper import from_array

from ocrgan_edge.runtime.onnx_scorer import session_options

CHANNELS, SIZE = 128, 64
MACS = CHANNELS * CHANNELS * 9 * SIZE * SIZE

_CONVOLUTION = f"""
<ir_version: 8, opset_import: ["" : 18]>
g (float[1,{CHANNELS},{SIZE},{SIZE}] x) => (float[1,{CHANNELS},{SIZE},{SIZE}] y)
{{ y = Conv <pads = [1, 1, 1, 1]> (x, weight, bias) }}
"""
_INT8 = f"""
<ir_version: 8, opset_import: ["" : 18]>
g (uint8[1,{CHANNELS},{SIZE},{SIZE}] x) => (uint8[1,{CHANNELS},{SIZE},{SIZE}] y)
<float one = {{0.01}}, uint8 zero = {{0}}, float small = {{0.001}}, int8 none = {{0}},
 float bias_scale = {{0.00001}}, int32 no = {{0}}, float wide = {{0.1}}, uint8 middle = {{128}}>
{{
    a = DequantizeLinear (x, one, zero)
    b = DequantizeLinear (weight, small, none)
    c = DequantizeLinear (bias, bias_scale, no)
    d = Conv <pads = [1, 1, 1, 1]> (a, b, c)
    y = QuantizeLinear (d, wide, middle)
}}
"""


def plain_convolutions(threads: int) -> dict[str, Callable[[], object]]:
    """Runs of `MACS` multiply-adds each, by `runtime-precision`."""
    torch.set_num_threads(threads)
    runs: dict[str, Callable[[], object]] = {"torch-fp32": _torch()}
    for precision, model in (("fp32", _model(_CONVOLUTION)), ("int8", _model(_INT8))):
        runs[f"onnx-{precision}"] = _onnx(model, precision, threads)
        runs[f"openvino-{precision}"] = _openvino(model, threads)
    return runs


def _model(text: str) -> bytes:
    model = parser.parse_model(text)
    random = np.random.default_rng(0)
    shape = (CHANNELS, CHANNELS, 3, 3)
    int8 = "int8" in text
    # 7 bits, as ours: with 8, two products overflow where the processor has no VNNI.
    weight = random.integers(-63, 64, shape).astype(np.int8 if int8 else np.float32)
    bias = np.zeros(CHANNELS, np.int32 if int8 else np.float32)
    model.graph.initializer.extend([from_array(weight, "weight"), from_array(bias, "bias")])
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def _input(dtype: type) -> np.ndarray:
    shape = (1, CHANNELS, SIZE, SIZE)
    return np.random.default_rng(1).integers(0, 256, shape).astype(dtype)


def _torch() -> Callable[[], object]:
    convolution = torch.nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
    given = torch.from_numpy(_input(np.float32))

    def run() -> object:
        with torch.inference_mode():
            return convolution(given)

    return run


def _onnx(model: bytes, precision: str, threads: int) -> Callable[[], object]:
    session = onnxruntime.InferenceSession(
        model, session_options(precision, threads), providers=["CPUExecutionProvider"]
    )
    feed = {"x": _input(np.uint8 if precision == "int8" else np.float32)}
    return lambda: session.run(None, feed)


def _openvino(model: bytes, threads: int) -> Callable[[], object]:
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    compiled = openvino.compile_model(openvino.Core().read_model(model), "CPU", settings)
    request = compiled.create_infer_request()
    dtype = compiled.input(0).get_element_type().to_dtype()
    feed = {"x": _input(dtype)}
    return lambda: request.infer(feed, share_inputs=True, share_outputs=True)
