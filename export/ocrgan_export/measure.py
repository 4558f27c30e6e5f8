"""One target measured through the device's own runtime: statistics, threshold, golden scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ocrgan_calibration.calibrate import NormalClips, Plan, calibrate
from ocrgan_edge.bundle import Bundle, Calibration, InputSpec
from ocrgan_edge.detection.term_statistics import TermStatistics
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import graph_of, load_scorer
from ocrgan_edge.runtime.scorer import TERMS, LocationStatistics, Scorer, WindowScore
from ocrgan_edge.runtime.self_test import golden_scores
from ocrgan_export.measure_edited import edited_windows
from ocrgan_export.windows import Window, sample_windows, spread
from ocrgan_training.data.pseudo_settings import PseudoSettings

GOLDEN = 2
"""Golden windows in a bundle: enough to notice a machine that computes wrongly, and small."""

COMPARED = 100
"""Held-out normal windows that two targets are compared on."""

SAMPLED = 100
"""Windows of normal video that an INT8 target's statistics are compared with FP32's on."""

NEAR = 30
"""Compared windows around a threshold that say where it lies for another graph."""

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
    """Held-out normal windows, then some of them with something wrong in them. No test clip: what
    is chosen by comparing must not be chosen by those."""
    grid: tuple[int, int]
    """Cells (h, w) of the anomaly map."""
    threads: int | None = None
    normal: int = 0
    """How many of the compared windows are normal."""

    @property
    def abnormal(self) -> NDArray[np.bool_]:
        """Which of the compared windows have something wrong in them."""
        return np.arange(len(self.compared)) >= self.normal

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
    kept: dict[str, float] = field(default_factory=dict)
    """Layers that INT8 left in float, and the error that each would have made."""
    finetuned: int = 0
    """Steps that the weights of an INT8 graph were fine-tuned for."""


@dataclass(frozen=True)
class Reference:
    """The FP32 target, for others to be measured by."""

    measured: Measured
    scores: list[WindowScore]
    """Of the compared windows."""
    sample: list[Window]
    """A few windows of the clips that its statistics are from."""
    sampled: LocationStatistics
    """Its statistics on these windows alone."""


def gather(
    clips: NormalClips,
    pseudo: PseudoSettings,
    plan: Plan,
    grid: tuple[int, int],
    threads: int | None,
) -> Material:
    """Cuts the golden windows and those to compare on, some of them edited as `pseudo` says.

    Raises:
        DataError: the held-out clips are too short for a window.
    """
    golden = np.stack(sample_windows(clips.threshold, plan.spec, GOLDEN))
    compared = sample_windows(clips.threshold, plan.spec, COMPARED)
    edited = edited_windows(clips.threshold, plan.spec, pseudo)
    return Material(clips, plan, golden, compared + edited, grid, threads, len(compared))


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


def reference_of(
    measured: Measured,
    material: Material,
    sample: list[Window],
    scores: list[WindowScore] | None = None,
) -> Reference:
    """What `measure_by` needs to know of the FP32 target.

    Args:
        measured: the target as its bundle has it.
        material: what all targets are measured on.
        sample: windows of the clips that its statistics are from, in any number.
        scores: its scores of the compared windows, where they are known.
    """
    few = spread(sample, SAMPLED)
    sampled = _sampled(_scorer(measured.graph, material), few, material)
    return Reference(measured, scores or rescore(measured, material), few, sampled)


def measure_by(
    reference: Reference, graph: Graph, material: Material, told: Told = lambda: None
) -> tuple[Measured, list[WindowScore]]:
    """`measure` for a graph that computes nearly the same, from a fraction of the windows.

    Statistics of the FP32 target come from all normal clips. What another graph's differ by is
    read from a sample that both score: mean + (mean' - mean of the sample), scale · (scale' /
    scale of the sample). Both score the same windows, so that which ones these are cancels out
    (difference and ratio estimators: Cochran, Sampling Techniques, 3rd ed., chapters 6 and 7).
    For the same reason the threshold is FP32's, carried over: of two tails that are followed from
    a minute of video each, one ends far from the other by chance alone.
    """
    scorer = _scorer(graph, material)
    sampled = _sampled(scorer, reference.sample, material)
    known, before = reference.measured.statistics, reference.sampled
    statistics = LocationStatistics(
        mean=known.mean + (sampled.mean - before.mean),
        scale=known.scale * (sampled.scale / before.scale),
    )
    scorer.use(statistics)
    scores = [scorer.score(window) for window in material.compared]
    told()
    calibration = _carried_over(reference, scores)
    measured = Measured(graph, statistics, calibration, golden_scores(scorer, material.golden))
    return measured, scores


def carried(
    value: float, before: NDArray[np.float64], after: NDArray[np.float64], near: int = NEAR
) -> float:
    """What a score means to another graph: value + median (after - before) of the nearest scores.

    Args:
        value: a score of the first graph's.
        before: (N,) scores of some windows by the first graph.
        after: (N,) scores of the same windows by the other.
        near: how many windows, those whose first score is nearest to the value.
    """
    nearest = np.argsort(np.abs(before - value), kind="stable")[:near]
    return value + float(np.median(after[nearest] - before[nearest]))


def _carried_over(reference: Reference, scores: list[WindowScore]) -> Calibration:
    before, after = (np.array([score.score for score in one]) for one in (reference.scores, scores))
    known = reference.measured.calibration
    moved = {name: carried(getattr(known, name), before, after) for name in ("threshold", "median")}
    return known.model_copy(update=moved)


def _scorer(graph: Graph, material: Material) -> Scorer:
    return load_scorer(graph, material.spec, neutral(material.grid), material.threads)


def _sampled(scorer: Scorer, windows: list[Window], material: Material) -> LocationStatistics:
    gathered = TermStatistics(material.plan.recent)
    for window in windows:
        gathered.add(scorer.score(window).terms)
    return gathered.statistics()


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
        kept=dict(entry.kept_in_float),
        finetuned=entry.finetuned_steps,
    )


def rescore(measured: Measured, material: Material) -> list[WindowScore]:
    """Scores of the compared windows by a target that has its statistics already."""
    scorer = load_scorer(measured.graph, material.spec, measured.statistics, material.threads)
    return [scorer.score(window) for window in material.compared]


def neutral(grid: tuple[int, int]) -> LocationStatistics:
    """Statistics that change nothing."""
    return LocationStatistics.neutral((len(TERMS), *grid))
