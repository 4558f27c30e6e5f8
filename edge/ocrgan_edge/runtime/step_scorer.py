"""What every graph that steps has in common, whichever runtime runs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.graph import (
    BoundStatistics,
    Outputs,
    Port,
    Ports,
    check_ports,
    input_ports,
    output_ports,
    present_outputs,
    window_input,
)
from ocrgan_edge.runtime.scorer import LocationStatistics, Stepper, WindowScore, warmed_up

STATE, NEXT = "state.", "next."
"""What names begin with of a state's tensors as inputs, and of the same as outputs."""
STATE_TYPES = ("float32", "uint8")
"""Bytes are what INT8 layers read. Zeros are nothing yet in both: of what a camera is first shown,
backwards and forwards, more frames follow on them than any state holds."""


class StepScorer(ABC):
    """A graph that takes one frame at a time; implements `Stepper`.

    Subclasses run it: `_forget` and `_step`, which leaves what it finds in the outputs' arrays.
    """

    def __init__(
        self, target: str, spec: InputSpec, bound: tuple[BoundStatistics, Outputs]
    ) -> None:
        """Nothing is known of any frame yet."""
        self.target = target
        self._spec = spec
        self._window = input_ports(spec, bound[0].grid)["frames"]
        self._frame = Port("uint8", (1, *self._window.shape[2:]))
        self._statistics, self._outputs = bound

    def use(self, statistics: LocationStatistics) -> None:
        """Scores by these statistics from now on; see `Scorer`."""
        self._statistics.use(statistics)

    def score(self, frames: NDArray[np.uint8]) -> WindowScore:
        """Scores one window (T, H, W, 3) and nothing before it; see `Scorer`."""
        return self.follow(frames, None)

    def follow(self, frames: NDArray[np.uint8], new: int | None) -> WindowScore:
        """Scores the newest frame of a window after what came before; see `Stepper`."""
        window = window_input(frames, self._window)[0]
        if new is None or new > len(window):
            self._forget()
            shown = warmed_up(window)
        else:
            shown = window[len(window) - new :]
        for frame in shown:
            self._step(frame[None, None])
        return self._outputs.window_score()

    @abstractmethod
    def another(self) -> Stepper:
        """The same graph for another camera; see `Stepper`."""

    @abstractmethod
    def _forget(self) -> None:
        """Nothing is known of any frame."""

    @abstractmethod
    def _step(self, frame: NDArray[np.uint8]) -> None:
        """Runs the graph on one frame (1, 1, H, W, 3), which lives until the run is over."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What a graph of a bundle must be like."""

    target: str
    """For messages."""
    spec: InputSpec
    """The bundle's input."""
    grid: tuple[int, ...]
    """Terms K, map height h and map width w of its statistics."""


def check_step(contract: Contract, inputs: Ports, outputs: Ports) -> Ports:
    """The outputs of a graph that steps, its state left out.

    Args:
        contract: what is wanted.
        inputs: all of the graph's.
        outputs: all of the graph's.

    Raises:
        BundleError: they are not those of the contract.
    """
    target, spec, grid = contract.target, contract.spec, contract.grid
    one = spec.model_copy(update={"frames": 1})
    check_ports(target, "input", input_ports(one, grid), _without(STATE, inputs))
    told = _without(NEXT, outputs)
    recent = told["frame_scores"].shape[0] if "frame_scores" in told else 1
    wanted = output_ports(spec.model_copy(update={"frames": recent}), grid)
    wanted["attention"] = Port("float32", (spec.frames,))
    return present_outputs(target, wanted, told)


def state_ports(target: str, inputs: Ports, outputs: Ports) -> Ports:
    """A graph's state by its tensors' names; it must come out as it goes in.

    Raises:
        BundleError: the message names the tensor that does not.
    """
    given, made = _part(STATE, inputs), _part(NEXT, outputs)
    check_ports(target, "state", given, made)
    for name, port in given.items():
        if port.dtype not in STATE_TYPES or not all(
            isinstance(n, int) and n > 0 for n in port.shape
        ):
            wanted = " or ".join(STATE_TYPES)
            raise BundleError(f"graph {target}: state {name!r} is {port}, but {wanted} is wanted")
    return given


def _part(prefix: str, ports: Ports) -> dict[str, Port]:
    return {
        name.removeprefix(prefix): port for name, port in ports.items() if name.startswith(prefix)
    }


def _without(prefix: str, ports: Ports) -> dict[str, Port]:
    return {name: port for name, port in ports.items() if not name.startswith(prefix)}
