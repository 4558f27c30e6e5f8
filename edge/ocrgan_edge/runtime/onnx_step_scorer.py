"""Runs a graph that steps with ONNX Runtime; its state stays where it was written."""

from __future__ import annotations

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.runtime.graph import (
    BoundStatistics,
    Graph,
    Outputs,
    Ports,
    default_threads,
)
from ocrgan_edge.runtime.onnx_scorer import open_session, ports_of, session_options
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.runtime.step_scorer import (
    NEXT,
    STATE,
    Contract,
    StepScorer,
    check_step,
    state_ports,
)

State = dict[str, NDArray[np.generic]]


class OnnxStepScorer(StepScorer):
    """A graph loaded by ONNX Runtime that steps; implements `Stepper`.

    Two sets of arrays take turns: a run reads its state from one and writes it into the other. Both
    ways are bound once, so that nothing is copied.
    """

    def __init__(
        self, loaded: LoadedSession, spec: InputSpec, statistics: LocationStatistics
    ) -> None:
        """One camera's: its arrays and the bindings to them."""
        bound = BoundStatistics(loaded.target, statistics), Outputs(loaded.target, loaded.outputs)
        super().__init__(loaded.target, spec, bound)
        self._loaded = loaded
        self._states = loaded.new_state(), loaded.new_state()
        self._bindings = [self._bound(*pair) for pair in (self._states, self._states[::-1])]
        self._turn = 0

    def another(self) -> OnnxStepScorer:
        """The same session for another camera; see `Stepper`."""
        mean, scale = self._statistics.mean.copy(), self._statistics.scale.copy()
        return OnnxStepScorer(self._loaded, self._spec, LocationStatistics(mean, scale))

    def _forget(self) -> None:
        for tensor in self._states[self._turn].values():
            tensor.fill(0)

    def _step(self, frame: NDArray[np.uint8]) -> None:
        binding = self._bindings[self._turn]
        _bind(binding, "frames", frame)
        self._loaded.session.run_with_iobinding(binding)
        self._turn = 1 - self._turn

    def _bound(self, given: State, made: State) -> onnxruntime.IOBinding:
        binding = self._loaded.session.io_binding()
        _bind(binding, "location_mean", self._statistics.mean)
        _bind(binding, "location_scale", self._statistics.scale)
        for name, array in given.items():
            _bind(binding, f"{STATE}{name}", array)
        outputs = {f"{NEXT}{name}": array for name, array in made.items()}
        for name, array in (self._outputs.arrays | outputs).items():
            kind = array.dtype.type
            binding.bind_output(name, "cpu", 0, kind, array.shape, array.ctypes.data)
        return binding


class LoadedSession:
    """A session that the cameras of a node share: it keeps nothing between two runs."""

    def __init__(self, graph: Graph, contract: Contract, threads: int | None = None) -> None:
        """Loads the graph.

        Raises:
            BundleError: it cannot be loaded, reads files outside the bundle, or its inputs and
                outputs are not those of the contract.
        """
        self.target = graph.target
        options = session_options(graph.precision, threads or default_threads())
        self.session = open_session(graph, options)
        inputs, outputs = (
            ports_of(ports) for ports in (self.session.get_inputs(), self.session.get_outputs())
        )
        self.outputs: Ports = check_step(contract, inputs, outputs)
        self._state = state_ports(graph.target, inputs, outputs)

    def new_state(self) -> State:
        """Arrays for a state, zeros."""
        return {name: np.zeros(port.shape, port.dtype) for name, port in self._state.items()}


def _bind(binding: onnxruntime.IOBinding, name: str, array: NDArray[np.generic]) -> None:
    # By address: no copy is made, and none is kept.
    binding.bind_input(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
