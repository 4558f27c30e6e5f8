"""One target measured through the device's own runtime: statistics, threshold, golden scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_calibration.calibrate import NormalClips, Plan, calibrate
from ocrgan_edge.bundle import Bundle, Calibration, InputSpec
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import graph_of, load_scorer
from ocrgan_edge.runtime.scorer import TERMS, LocationStatistics, WindowScore
from ocrgan_edge.runtime.self_test import golden_scores
from ocrgan_edge.video.clips import list_clips
from ocrgan_export.windows import Window, sample_windows

GOLDEN = 2
"""Golden windows in a bundle: enough to notice a machine that computes wrongly, and small."""

COMPARED = 100
"""Windows of each kind that two targets are compared on."""

Told = Callable[[], None]
"""Is told each time a clip has been scored."""


@dataclass(frozen=True)
class Material:
    """What all targets of a bundle are measured on."""

    clips: NormalClips
    plan: Plan
    golden: NDArray[np.uint8]
    """(N, T, H, W, 3)"""
    compared: list[Window]
    """Held-out normal windows and, where the data set has test clips, windows of those."""
    grid: tuple[int, int]
    """Cells (h, w) of the anomaly map."""
    threads: int | None = None

    @property
    def spec(self) -> InputSpec:
        """What the graphs take."""
        return self.plan.spec


@dataclass(frozen=True)
class Measured:
    """One target, ready for a bundle."""

    graph: Graph
    statistics: LocationStatistics
    calibration: Calibration
    golden: NDArray[np.float32]
    """(N,) scores of the golden windows."""
    parity: dict[str, float] = field(default_factory=dict)
    int8_share: float | None = None


def gather(
    clips: NormalClips, data: Path, plan: Plan, grid: tuple[int, int], threads: int | None
) -> Material:
    """Cuts the golden windows and those to compare on; no label is looked at.

    Raises:
        DataError: the held-out clips are too short for a window.
    """
    golden = np.stack(sample_windows(clips.threshold, plan.spec, GOLDEN))
    compared = sample_windows(clips.threshold, plan.spec, COMPARED)
    if (data / "test").is_dir():
        compared += sample_windows(list_clips(data / "test"), plan.spec, COMPARED)
    return Material(clips, plan, golden, compared, grid, threads)


def measure(
    graph: Graph, material: Material, told: Told = lambda: None
) -> tuple[Measured, list[WindowScore]]:
    """Calibrates a target; gives its part of the bundle and its scores of the compared windows."""
    scorer = load_scorer(graph, material.spec, neutral(material.grid), material.threads)
    statistics, calibration = calibrate(
        scorer, material.clips, material.plan, None, lambda _: told()
    )
    measured = Measured(graph, statistics, calibration, golden_scores(scorer, material.golden))
    return measured, [scorer.score(window) for window in material.compared]


def neutral_scores(
    graph: Graph,
    spec: InputSpec,
    grid: tuple[int, int],
    windows: Sequence[Window],
    threads: int | None,
) -> list[WindowScore]:
    """Scores under neutral statistics (mean 0, scale 1)."""
    scorer = load_scorer(graph, spec, neutral(grid), threads)
    return [scorer.score(window) for window in windows]


def from_bundle(bundle: Bundle, target: str) -> Measured:
    """A target as a bundle has it already."""
    entry = bundle.target(target)
    golden = bundle.arrays(bundle.manifest.golden)[f"score/{target}"]
    return Measured(
        graph=graph_of(bundle, target),
        statistics=bundle.statistics(target),
        calibration=entry.calibration,
        golden=golden.astype(np.float32),
        parity=dict(entry.parity),
        int8_share=entry.int8_share_of_macs,
    )


def rescore(measured: Measured, material: Material) -> list[WindowScore]:
    """Scores of the compared windows by a target that has its statistics already."""
    scorer = load_scorer(measured.graph, material.spec, measured.statistics, material.threads)
    return [scorer.score(window) for window in material.compared]


def neutral(grid: tuple[int, int]) -> LocationStatistics:
    """Statistics that change nothing."""
    return LocationStatistics.neutral((len(TERMS), *grid))
