"""What every graph of a bundle takes and gives, whichever runtime runs it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.scorer import LocationStatistics, WindowScore

MOST_THREADS = 4
"""More do not pay for graphs this small."""


@dataclass(frozen=True, slots=True)
class Graph:
    """One graph as it lies in a bundle."""

    target: str
    runtime: Literal["onnx", "openvino"]
    precision: Literal["fp32", "fp16", "int8"]
    model: bytes
    """ONNX file, or OpenVINO's XML."""
    weights: bytes = b""
    """OpenVINO's weights; ONNX has them inside."""
    form: Literal["window", "step"] = "window"
    """What it takes at once."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a graph."""

    dtype: str
    """As numpy calls it."""
    shape: tuple[int, ...]

    def __str__(self) -> str:
        """For messages, for example `uint8 [1,16,64,64,3]`."""
        return f"{self.dtype} [{','.join(str(size) for size in self.shape)}]"


Ports = Mapping[str, Port]

OPTIONAL = ("attention",)
"""Outputs that a graph may lack: that of a network without attention over time does."""


def input_ports(spec: InputSpec, grid: tuple[int, ...]) -> dict[str, Port]:
    """Inputs that a graph must have.

    Args:
        spec: the bundle's input.
        grid: terms K, map height h and map width w.
    """
    return {
        "frames": Port("uint8", (1, spec.frames, spec.height, spec.width, 3)),
        "location_mean": Port("float32", grid),
        "location_scale": Port("float32", grid),
    }


def output_ports(spec: InputSpec, grid: tuple[int, ...]) -> dict[str, Port]:
    """Outputs that a graph has, all but the `OPTIONAL` ones always; arguments as above."""
    terms, height, width = grid
    return {
        "score": Port("float32", (1,)),
        "frame_scores": Port("float32", (spec.frames,)),
        "anomaly_map": Port("float32", (spec.frames, height, width)),
        "shares": Port("float32", (terms,)),
        "attention": Port("float32", (spec.frames,)),
        "seed": Port("float32", (1,)),
        "terms": Port("float32", (terms, spec.frames, height, width)),
    }


def check_ports(target: str, what: str, wanted: Ports, found: Ports) -> None:
    """Refuses a graph whose inputs or outputs are not what the manifest says.

    Raises:
        BundleError: the message names the first that is missing, too many or different.
    """
    for name, port in wanted.items():
        if name not in found:
            raise BundleError(f"graph {target} has no {what} {name!r}")
        if found[name] != port:
            raise BundleError(
                f"graph {target}: {what} {name!r} is {found[name]}, "
                f"but manifest and statistics want {port}"
            )
    unknown = sorted(found.keys() - wanted.keys())
    if unknown:
        raise BundleError(f"graph {target} has an {what} {unknown[0]!r} that is not known")


def present_outputs(target: str, ports: Ports, found: Ports) -> Ports:
    """Those of `output_ports` that a graph has.

    Raises:
        BundleError: as `check_ports`; an optional output may be missing, but not be different.
    """
    wanted = {name: port for name, port in ports.items() if name in found or name not in OPTIONAL}
    check_ports(target, "output", wanted, found)
    return wanted


class BoundStatistics:
    """Statistics in arrays that stay where they are, so that a runtime binds them once."""

    def __init__(self, target: str, statistics: LocationStatistics) -> None:
        """Takes over the shape (K, h, w) of these statistics and copies them."""
        self._target = target
        self.mean = np.zeros(statistics.mean.shape, np.float32)
        self.scale = np.ones(statistics.mean.shape, np.float32)
        self.use(statistics)

    @property
    def grid(self) -> tuple[int, ...]:
        """K, h, w."""
        return self.mean.shape

    def use(self, statistics: LocationStatistics) -> None:
        """Copies other statistics to the same place.

        Raises:
            BundleError: their shape is another, or they are not finite with scales above 0.
        """
        for name, values in (("mean", statistics.mean), ("scale", statistics.scale)):
            if values.ndim != 3 or values.shape != self.mean.shape:
                raise BundleError(
                    f"statistics for {self._target}: {name} has shape {values.shape}, "
                    f"but (terms, h, w) = {self.mean.shape} is wanted"
                )
            if not np.isfinite(values).all():
                raise BundleError(f"statistics for {self._target}: {name} is not finite everywhere")
        if not (statistics.scale > 0).all():
            raise BundleError(f"statistics for {self._target}: scale is not above 0 everywhere")
        self.mean[:] = statistics.mean
        self.scale[:] = statistics.scale


FINITE = ("score", "anomaly_map", "shares", "attention")
"""Outputs that events are made of."""


class Outputs:
    """Arrays that a graph writes its outputs into, window after window."""

    def __init__(self, target: str, ports: Ports) -> None:
        """Reserves one array per output."""
        self._target = target
        self.arrays: dict[str, NDArray[np.float32]] = {
            name: np.zeros(port.shape, np.float32) for name, port in ports.items()
        }

    def window_score(self) -> WindowScore:
        """What was written last, as copies that stay as they are.

        Raises:
            BundleError: the score, the map or what explains them is not finite.
        """
        arrays = self.arrays
        attention = arrays.get("attention")
        if not all(np.isfinite(arrays[name]).all() for name in FINITE if name in arrays):
            raise BundleError(f"graph {self._target} gives values that are no numbers (NaN)")
        return WindowScore(
            score=float(arrays["score"][0]),
            frame_scores=arrays["frame_scores"].copy(),
            anomaly_map=arrays["anomaly_map"].copy(),
            shares=arrays["shares"].copy(),
            seed=float(arrays["seed"][0]),
            terms=arrays["terms"].copy(),
            attention=None if attention is None else attention.copy(),
        )


def window_input(frames: NDArray[np.uint8], port: Port) -> NDArray[np.uint8]:
    """A window (T, H, W, 3) as the graph's input, without a copy where it lies in one piece.

    Raises:
        ValueError: it has another shape or type.
    """
    if frames.dtype != np.uint8 or (1, *frames.shape) != port.shape:
        raise ValueError(
            f"a window is {frames.dtype} {frames.shape}, but {port} is wanted (without the first 1)"
        )
    return np.ascontiguousarray(frames)[None]


def default_threads() -> int:
    """Processors this process may use, at most four."""
    return min(MOST_THREADS, len(os.sched_getaffinity(0)))
