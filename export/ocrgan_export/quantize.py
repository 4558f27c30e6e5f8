"""INT8 graphs: ranges from normal windows, multiplications in INT8, the score in float.

Weights have 7 bits: without VNNI, x86 multiplies 8-bit numbers in pairs into 16 bits, which
overflow silently with 8-bit weights (measured on such a machine: the feature term's rank
correlation with FP32 fell from 0.99 to 0.36). The same graph must be right on every device.
"""

from __future__ import annotations

import io
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

from ocrgan_edge.errors import DataError
from ocrgan_export.to_onnx import OUTPUTS, SCORE
from ocrgan_export.to_openvino import Ir, read_onnx, save_ir

Window = NDArray[np.uint8]
Told = Callable[[], None]
"""Is told each time a window has been looked at."""

QUANTIZED = ("Conv", "MatMul", "Gemm", "LeakyRelu", "Relu", "Resize", "Concat", "DepthToSpace")
"""What ONNX Runtime runs in INT8 at a profit: multiplications, and what lies between two of them.

Sums and products of activations lose: they cost more accuracy and more time than they save."""


def quantize_onnx(
    model: onnx.ModelProto, windows: Sequence[Window], told: Told = lambda: None
) -> onnx.ModelProto:
    """Static QDQ for ONNX Runtime: U8 activations, S8 weights per channel.

    Args:
        model: the FP32 graph.
        windows: normal windows (T, H, W, 3) that show the activations' ranges.
        told: for progress.

    Raises:
        DataError: there are no windows.
    """
    _want_windows(windows)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        source, path = Path(folder, "fp32.onnx"), Path(folder, "int8.onnx")
        onnx.save(model, source)  # given the model itself, the quantizer empties its weights
        quantize_static(
            source,
            path,
            _Windows(model, windows, told),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTIZED),
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=float_nodes(model),
        )
        return onnx.load(path)


def quantize_openvino(
    model: onnx.ModelProto, windows: Sequence[Window], told: Told = lambda: None
) -> Ir:
    """NNCF's post-training quantization for OpenVINO; arguments as for `quantize_onnx`."""
    _want_windows(windows)

    def feed(window: Window) -> dict[str, NDArray[np.generic]]:
        told()
        return feed_of(model, window)

    with _quiet():
        nncf = _import_nncf()
        advanced = nncf.quantization.advanced_parameters
        quantized = nncf.quantize(
            read_onnx(model),
            nncf.Dataset(list(windows), feed),
            subset_size=len(windows),
            preset=nncf.QuantizationPreset.MIXED,
            ignored_scope=nncf.IgnoredScope(
                names=_products_of_activations(model),
                # OpenVINO splits a node into several (`score.Conv_1/WithoutBiases`) and names
                # those that make an output after it.
                patterns=[rf"{SCORE}\..*", *(rf"{name}(/.*)?" for name in OUTPUTS)],
                types=["Softmax"],
                validate=False,
            ),
            advanced_parameters=advanced.AdvancedQuantizationParameters(
                overflow_fix=advanced.OverflowFix.ENABLE
            ),
        )
    return save_ir(quantized)


def float_nodes(model: onnx.ModelProto) -> list[str]:
    """Nodes that stay in float: the score, and products of activations (attention)."""
    score = [node.name for node in model.graph.node if node.name.startswith(f"{SCORE}.")]
    return score + _products_of_activations(model)


def _products_of_activations(model: onnx.ModelProto) -> list[str]:
    constants = {tensor.name for tensor in model.graph.initializer}
    return [
        node.name
        for node in model.graph.node
        if node.op_type == "MatMul" and not constants.intersection(node.input)
    ]


def feed_of(model: onnx.ModelProto, window: Window) -> dict[str, NDArray[np.generic]]:
    """A graph's inputs for one window, with neutral statistics."""
    shape = [size.dim_value for size in model.graph.input[1].type.tensor_type.shape.dim]
    return {
        "frames": window[None],
        "location_mean": np.zeros(shape, np.float32),
        "location_scale": np.ones(shape, np.float32),
    }


class _Windows(CalibrationDataReader):  # type: ignore[misc]
    """Hands windows to ONNX Runtime's quantizer."""

    def __init__(self, model: onnx.ModelProto, windows: Sequence[Window], told: Told) -> None:
        self._feeds = self._all(model, windows, told)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._feeds, None)

    @staticmethod
    def _all(
        model: onnx.ModelProto, windows: Sequence[Window], told: Told
    ) -> Iterator[dict[str, Any]]:
        for window in windows:
            told()
            yield feed_of(model, window)


def _want_windows(windows: Sequence[Window]) -> None:
    if not windows:
        raise DataError("no window of normal video was given to read INT8 ranges from")


def _import_nncf() -> Any:
    """NNCF without its telemetry, which it would send unasked; late, because it takes seconds."""
    os.environ.setdefault("NNCF_CI", "1")
    import nncf

    nncf.set_log_level(logging.ERROR)
    return nncf


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the quantizers' own progress and advice from stdout and from the log."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
