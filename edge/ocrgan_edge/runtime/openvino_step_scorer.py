"""Runs a graph that steps with OpenVINO, which keeps the state inside (extra `[openvino]`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.runtime.graph import BoundStatistics, Graph, Outputs, Ports, default_threads
from ocrgan_edge.runtime.openvino_scorer import compile_model, ports_of, read_model
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.runtime.step_scorer import Contract, StepScorer, check_step


class OpenVinoStepScorer(StepScorer):
    """A stateful graph compiled by OpenVINO; implements `Stepper`.

    An infer request keeps the variables of one camera; requests of a compiled graph share weights.
    """

    def __init__(
        self, loaded: CompiledGraph, spec: InputSpec, statistics: LocationStatistics
    ) -> None:
        """One camera's: its request with everything bound but the frame."""
        bound = BoundStatistics(loaded.target, statistics), Outputs(loaded.target, loaded.outputs)
        super().__init__(loaded.target, spec, bound)
        self._loaded = loaded
        self._request = loaded.compiled.create_infer_request()
        self._bind("location_mean", self._statistics.mean)
        self._bind("location_scale", self._statistics.scale)
        for name, array in self._outputs.arrays.items():
            self._bind(name, array)

    def another(self) -> OpenVinoStepScorer:
        """The same compiled graph for another camera; see `Stepper`."""
        mean, scale = self._statistics.mean.copy(), self._statistics.scale.copy()
        return OpenVinoStepScorer(self._loaded, self._spec, LocationStatistics(mean, scale))

    def _forget(self) -> None:
        self._request.reset_state()

    def _step(self, frame: NDArray[np.uint8]) -> None:
        self._bind("frames", frame)
        self._request.infer(share_inputs=True, share_outputs=True)

    def _bind(self, name: str, array: NDArray[np.generic]) -> None:
        self._request.set_tensor(name, openvino.Tensor(array, shared_memory=True))


class CompiledGraph:
    """A compiled graph that the cameras of a node share."""

    def __init__(self, graph: Graph, contract: Contract, threads: int | None = None) -> None:
        """Compiles the graph.

        Raises:
            BundleError: it cannot be loaded, or its inputs and outputs are not those of the
                contract.
        """
        self.target = graph.target
        model = read_model(graph)
        self.outputs: Ports = check_step(contract, ports_of(model.inputs), ports_of(model.outputs))
        self.compiled: Any = compile_model(graph, model, threads or default_threads())
