"""Runs a graph with OpenVINO (extra `[openvino]`); imported only where such a graph is wanted."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import openvino
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


class OpenVinoScorer:
    """A graph compiled by OpenVINO for the CPU; implements `Scorer`."""

    def __init__(
        self,
        graph: Graph,
        spec: InputSpec,
        statistics: LocationStatistics,
        threads: int | None = None,
    ) -> None:
        """Compiles the graph and binds everything but the frames.

        Args:
            graph: OpenVINO's XML and weights.
            spec: the input that the bundle promises.
            statistics: what to normalise by.
            threads: for one window; `default_threads()` if not given.

        Raises:
            BundleError: the graph cannot be loaded, or its inputs and outputs are not those of the
                contract.
        """
        self.target = graph.target
        self._statistics = BoundStatistics(graph.target, statistics)
        model = read_model(graph)
        wanted = input_ports(spec, self._statistics.grid)
        check_ports(graph.target, "input", wanted, ports_of(model.inputs))
        outputs = present_outputs(
            graph.target, output_ports(spec, self._statistics.grid), ports_of(model.outputs)
        )
        self._frames = wanted["frames"]
        self._outputs = Outputs(graph.target, outputs)
        compiled = compile_model(graph, model, threads or default_threads())
        self._request = compiled.create_infer_request()
        self._bind("location_mean", self._statistics.mean)
        self._bind("location_scale", self._statistics.scale)
        for name, array in self._outputs.arrays.items():
            self._bind(name, array)

    def use(self, statistics: LocationStatistics) -> None:
        """Scores by these statistics from now on; see `Scorer`."""
        self._statistics.use(statistics)

    def score(self, frames: NDArray[np.uint8]) -> WindowScore:
        """Scores one window (T, H, W, 3); see `Scorer`."""
        window = window_input(frames, self._frames)  # must live until the run is over
        self._bind("frames", window)
        self._request.infer(share_inputs=True, share_outputs=True)
        return self._outputs.window_score()

    def _bind(self, name: str, array: NDArray[np.generic]) -> None:
        self._request.set_tensor(name, openvino.Tensor(array, shared_memory=True))


@cache
def core() -> Any:
    """OpenVINO itself, one in a process and kept to its end.

    Where a processor has AVX-512, each gives the thread that first compiles with it a stack for
    signals, and takes back to the one before when it goes. Two that go in the order in which they
    came leave a stack that is freed, and the next signal kills the process (openvino 2026.4.1).
    """
    return openvino.Core()


def read_model(graph: Graph) -> Any:
    """A graph as OpenVINO's own model.

    Raises:
        BundleError: it cannot be loaded.
    """
    try:
        return core().read_model(graph.model, graph.weights)
    except RuntimeError as error:
        raise BundleError(f"graph {graph.target} cannot be loaded by OpenVINO") from error


def compile_model(graph: Graph, model: Any, threads: int) -> Any:
    """A model made ready for this processor, with the settings of every graph.

    Raises:
        BundleError: it cannot be compiled.
    """
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        # What is not INT8 runs in float32 on every machine, so that scores agree between machines.
        "INFERENCE_PRECISION_HINT": "f32",
    }
    try:
        return core().compile_model(model, "CPU", settings)
    except RuntimeError as error:
        raise BundleError(f"graph {graph.target} cannot be compiled by OpenVINO") from error


def ports_of(nodes: Any) -> Ports:
    """A model's inputs or outputs, by name."""
    return {
        node.get_any_name(): Port(
            np.dtype(node.get_element_type().to_dtype()).name, _shape(node.get_partial_shape())
        )
        for node in nodes
    }


def _shape(shape: Any) -> tuple[int, ...]:
    return tuple(size.get_length() if size.is_static else -1 for size in shape)
