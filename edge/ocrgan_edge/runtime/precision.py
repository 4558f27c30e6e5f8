"""Which multiplications really run in INT8: asked of the runtimes, not of the graph.

Q/DQ pairs around a convolution are only a wish. ONNX Runtime leaves what it cannot fuse in float,
OpenVINO what its plug-in has no kernel for, and neither says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import BundleError, SettingsError
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.no_telemetry import forbid_telemetry
from ocrgan_edge.runtime.scorer import LocationStatistics

Feed = Mapping[str, NDArray[np.generic]]
"""Inputs of one run, by name."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """What a runtime made of one convolution or matrix product."""

    name: str
    """The node's, as the graph calls it."""
    macs: int
    """Multiply-accumulates."""
    int8: bool


@dataclass(frozen=True)
class Precision:
    """What a runtime made of a graph's multiplications."""

    share: float
    """Multiply-accumulates in INT8, 0 … 1."""

    floats: dict[str, int]
    """Nodes that stay in float and their multiply-accumulates, most first."""

    macs: int
    """Multiply-accumulates of all."""


def window_feed(window: NDArray[np.uint8], statistics: LocationStatistics) -> Feed:
    """Every graph's inputs for one window (T, H, W, 3)."""
    return {
        "frames": window[None],
        "location_mean": statistics.mean,
        "location_scale": statistics.scale,
    }


def precision_of(graph: Graph, feed: Feed) -> Precision:
    """Loads a graph as the daemon would and asks its runtime.

    Args:
        graph: of a bundle.
        feed: inputs for one run.

    Raises:
        BundleError: the graph cannot be loaded, or has nothing to multiply.
        SettingsError: it needs OpenVINO, which is not installed.
    """
    forbid_telemetry()
    if graph.runtime == "onnx":
        from ocrgan_edge.runtime.onnx_precision import onnx_kernels

        return summed(graph.target, onnx_kernels(graph, feed))
    try:
        from ocrgan_edge.runtime.openvino_precision import openvino_kernels  # an extra
    except ImportError as error:
        raise SettingsError(f"target {graph.target} needs OpenVINO ({error})") from error
    return summed(graph.target, openvino_kernels(graph))


def summed(target: str, kernels: list[Kernel]) -> Precision:
    """Shares of the multiply-accumulates; kernels of one name count together.

    Raises:
        BundleError: there is nothing to multiply.
    """
    floats: dict[str, int] = {}
    for kernel in kernels:
        if not kernel.int8:
            floats[kernel.name] = floats.get(kernel.name, 0) + kernel.macs
    macs = sum(kernel.macs for kernel in kernels)
    if not macs:
        raise BundleError(f"graph {target} has nothing to multiply, so it has no INT8 share")
    ordered = dict(sorted(floats.items(), key=lambda item: -item[1]))
    return Precision(1 - sum(floats.values()) / macs, ordered, macs)
