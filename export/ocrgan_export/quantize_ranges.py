"""What every activation of a graph lies between on normal windows: read once, used many times."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod
from onnxruntime.quantization.calibrate import create_calibrator
from onnxruntime.quantization.quant_utils import load_model_with_shape_infer

from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.graph import default_threads
from ocrgan_edge.runtime.onnx_scorer import session_options

Window = NDArray[np.uint8]
Given = Window | Mapping[str, NDArray[np.generic]]
"""Frames (T, H, W, 3), or all inputs of a graph that wants more than these."""
Told = Callable[[], None]
"""Is told each time a window has been looked at."""

QUANTIZED = ("Conv", "MatMul", "Gemm", "LeakyRelu", "Relu", "Resize", "Concat", "DepthToSpace")
"""What ONNX Runtime runs in INT8 at a profit: multiplications, and what lies between two of them.

Sums and products of activations lose: they cost more accuracy and more time than they save."""


@dataclass(frozen=True)
class Ranges:
    """A graph and the ranges of its activations."""

    model: onnx.ModelProto
    """FP32, with the shapes of all values."""
    tensors: Any
    """Smallest and largest value of each activation: ONNX Runtime's `TensorsData`."""


def read_ranges(
    model: onnx.ModelProto, windows: Sequence[Given], told: Told = lambda: None
) -> Ranges:
    """Runs a graph on normal windows and notes the smallest and the largest of each activation.

    Args:
        model: the FP32 graph.
        windows: normal windows (T, H, W, 3).
        told: for progress.

    Raises:
        DataError: there are no windows.
    """
    want_windows(windows)
    with tempfile.TemporaryDirectory() as folder, quiet():
        source, observed = Path(folder, "fp32.onnx"), Path(folder, "observed.onnx")
        onnx.save(model, source)
        calibrator = create_calibrator(
            source,
            list(QUANTIZED),
            augmented_model_path=str(observed),
            calibrate_method=CalibrationMethod.MinMax,
        )
        # Its own session is one without any optimisation, three times slower, and spins.
        calibrator.infer_session = onnxruntime.InferenceSession(
            observed, session_options("fp32", default_threads()), ["CPUExecutionProvider"]
        )
        calibrator.collect_data(_Windows(model, windows, told))
        return Ranges(load_model_with_shape_infer(source), calibrator.compute_data())


def feed_of(model: onnx.ModelProto, window: Given) -> dict[str, NDArray[np.generic]]:
    """A graph's inputs for one window, with neutral statistics; a feed stays what it is."""
    if isinstance(window, Mapping):
        return dict(window)
    shape = [size.dim_value for size in model.graph.input[1].type.tensor_type.shape.dim]
    return {
        "frames": window[None],
        "location_mean": np.zeros(shape, np.float32),
        "location_scale": np.ones(shape, np.float32),
    }


def want_windows(windows: Sequence[Given]) -> None:
    """Refuses to read ranges from nothing.

    Raises:
        DataError: there are no windows.
    """
    if not windows:
        raise DataError("no window of normal video was given to read INT8 ranges from")


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps the quantizers' own progress and advice from stdout and from the log."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)


class _Windows(CalibrationDataReader):  # type: ignore[misc]  # its base has no types
    """Hands windows to ONNX Runtime's calibrator."""

    def __init__(self, model: onnx.ModelProto, windows: Sequence[Given], told: Told) -> None:
        self._feeds = self._all(model, windows, told)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._feeds, None)

    @staticmethod
    def _all(
        model: onnx.ModelProto, windows: Sequence[Given], told: Told
    ) -> Iterator[dict[str, Any]]:
        for window in windows:
            told()
            yield feed_of(model, window)
