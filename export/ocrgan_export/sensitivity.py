"""How much each layer's INT8 disturbs the score, one layer at a time.

Ranges are read once (`read_ranges`); what is measured is the anomaly map, not the layer's own
output: a layer may be rounded roughly and hardly matter, or the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray

from ocrgan_calibration.calibrate import Plan
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import load_scorer
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_export.quantize import quantize_with
from ocrgan_export.quantize_layers import layers_of
from ocrgan_export.quantize_ranges import Ranges, Told, Window

NEGLIGIBLE = 0.005
"""Of the sum of all squared errors: a layer below it is not worth being kept in float."""

Maps = NDArray[np.float32]
"""(windows, newest frames, h, w)"""


@dataclass(frozen=True, slots=True)
class LayerError:
    """One layer's part in what INT8 gets wrong."""

    layer: str
    macs: float
    """Share of the graph's multiply-accumulates, 0 … 1."""
    error: float
    """Of the anomaly map where this layer alone is INT8: root mean square over that of the map's
    own variation from window to window. 0: it does not matter."""


@dataclass(frozen=True)
class Probe:
    """A few windows, and how their anomaly maps are made."""

    windows: Sequence[Window]
    plan: Plan
    statistics: LocationStatistics
    """Of the FP32 target."""
    form: Literal["window", "step"] = "window"
    threads: int | None = None

    def maps(self, model: onnx.ModelProto, precision: Literal["fp32", "int8"]) -> Maps:
        """Anomaly maps of the newest frames."""
        stored = model.SerializeToString()
        graph = Graph(f"onnx-{precision}", "onnx", precision, stored, b"", self.form)
        scorer = load_scorer(graph, self.plan.spec, self.statistics, self.threads)
        return np.stack(
            [scorer.score(window).anomaly_map[-self.plan.recent :] for window in self.windows]
        )


def layer_errors(
    ranges: Ranges, macs: Mapping[str, int], probe: Probe, told: Told = lambda: None
) -> list[LayerError]:
    """All layers, the one that disturbs most first.

    Args:
        ranges: of the FP32 graph.
        macs: multiply-accumulates of each of its nodes that multiplies.
        probe: what to look at.
        told: is told after each layer.
    """
    reference = probe.maps(ranges.model, "fp32")
    total = sum(macs.values())
    errors = []
    for layer, nodes in layers_of(ranges.model).items():
        maps = probe.maps(quantize_with(ranges, only=nodes), "int8")
        errors.append(
            LayerError(layer, macs.get(layer, 0) / total, relative_error(maps, reference))
        )
        told()
    return sorted(errors, key=lambda error: (-error.error, error.layer))


def relative_error(maps: Maps, reference: Maps) -> float:
    """√(mean (d - d̄)² / mean (m - m̄)²), d = maps - reference, m = reference; 0 where they agree.

    d̄ and m̄ are a cell's means over windows and frames: what differs always, calibration removes.
    """
    difference = (maps - reference).astype(np.float64)
    noise = np.square(difference - difference.mean((0, 1))).mean()
    signal = np.square(reference - reference.mean((0, 1), dtype=np.float64)).mean()
    if noise == 0:
        return 0.0
    return float(np.sqrt(noise / signal)) if signal > 0 else float("inf")


def choices(errors: Sequence[LayerError], budget: float) -> Iterator[tuple[str, ...]]:
    """Ever more layers to keep in float: each choice halves the error that the last one leaves.

    Rounding errors of different layers hardly correlate, so that their squares add.

    Args:
        errors: the worst first.
        budget: share of multiply-accumulates that may be kept in float; layers that would exceed
            it are passed over.
    """
    total = left = sum(error.error**2 for error in errors)
    kept: list[str] = []
    goal, spent, told = total / 2, 0.0, 0
    for error in errors:
        if spent + error.macs > budget or error.error**2 < NEGLIGIBLE * total:
            continue
        kept.append(error.layer)
        spent += error.macs
        left -= error.error**2
        if left <= goal:
            yield tuple(kept)
            goal, told = left / 2, len(kept)
    if len(kept) > told:
        yield tuple(kept)
