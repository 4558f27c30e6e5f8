"""Runs a graph with ONNX Runtime."""

from __future__ import annotations

import re

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.graph import (
    BoundStatistics,
    Graph,
    Outputs,
    Port,
    Ports,
    check_ports,
    default_threads,
    input_ports,
    output_ports,
    present_outputs,
    window_input,
)
from ocrgan_edge.runtime.scorer import LocationStatistics, WindowScore

EXTERNAL_DATA = re.compile(rb"(?:\x0a|\x8a\x80*\x00)(?:\x08|\x88\x80*\x00)location")
"""The key that every reference to a file outside an ONNX graph has (onnx.proto: `external_data`,
field 1 of StringStringEntryProto), in all ways that protobuf can write it. ONNX Runtime would read
such a file from the working directory."""

ERRORS_ONLY = 3
TYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}


class OnnxScorer:
    """A graph loaded by ONNX Runtime; implements `Scorer`."""

    def __init__(
        self,
        graph: Graph,
        spec: InputSpec,
        statistics: LocationStatistics,
        threads: int | None = None,
    ) -> None:
        """Loads the graph and binds everything but the frames.

        Args:
            graph: an ONNX graph.
            spec: the input that the bundle promises.
            statistics: what to normalise by.
            threads: for one window; `default_threads()` if not given.

        Raises:
            BundleError: the graph cannot be loaded, reads files outside the bundle, or its inputs
                and outputs are not those of the contract.
        """
        self.target = graph.target
        options = session_options(graph.precision, threads or default_threads())
        self._session = open_session(graph, options)
        self._statistics = BoundStatistics(graph.target, statistics)
        wanted = input_ports(spec, self._statistics.grid)
        check_ports(graph.target, "input", wanted, ports_of(self._session.get_inputs()))
        outputs = present_outputs(
            graph.target,
            output_ports(spec, self._statistics.grid),
            ports_of(self._session.get_outputs()),
        )
        self._frames = wanted["frames"]
        self._outputs = Outputs(graph.target, outputs)
        self._binding = self._session.io_binding()
        self._bind("location_mean", self._statistics.mean)
        self._bind("location_scale", self._statistics.scale)
        for name, array in self._outputs.arrays.items():
            self._binding.bind_output(name, "cpu", 0, np.float32, array.shape, array.ctypes.data)

    def use(self, statistics: LocationStatistics) -> None:
        """Scores by these statistics from now on; see `Scorer`."""
        self._statistics.use(statistics)

    def score(self, frames: NDArray[np.uint8]) -> WindowScore:
        """Scores one window (T, H, W, 3); see `Scorer`."""
        window = window_input(frames, self._frames)  # must live until the run is over
        self._bind("frames", window)
        self._session.run_with_iobinding(self._binding)
        return self._outputs.window_score()

    def _bind(self, name: str, array: NDArray[np.generic]) -> None:
        # By address: no copy is made, and none is kept.
        self._binding.bind_input(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)


def open_session(graph: Graph, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    """A graph loaded with these options.

    Raises:
        BundleError: it cannot be loaded, or reads files outside the bundle.
    """
    if EXTERNAL_DATA.search(graph.model):
        raise BundleError(f"graph {graph.target} refers to data outside the bundle")
    try:
        return onnxruntime.InferenceSession(
            graph.model, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's errors have no common class
        reason = str(error).splitlines()[0]
        raise BundleError(f"graph {graph.target} cannot be loaded ({reason})") from error


def session_options(precision: str, threads: int) -> onnxruntime.SessionOptions:
    """What every graph of this precision is run with."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if precision == "int8":
        # Without it, x86 runs graphs with signed activations in float, and says nothing.
        options.add_session_config_entry("session.qdqisint8allowed", "1")
    return options


def ports_of(arguments: list[onnxruntime.NodeArg]) -> Ports:
    """A session's inputs or outputs, by name."""
    return {
        argument.name: Port(TYPES.get(argument.type, argument.type), tuple(argument.shape))
        for argument in arguments
    }
