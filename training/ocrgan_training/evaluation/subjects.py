"""What is measured: graphs of a bundle through the edge runtime, a checkpoint through torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ocrgan_edge.bundle import Bundle, Calibration, InputSpec
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_training.evaluation.clip_scores import LoadedGraph


@dataclass(frozen=True, eq=False)
class Constants:
    """What was measured on normal video for a score, and for what it is compared with."""

    statistics: LocationStatistics
    calibration: Calibration


@dataclass(frozen=True, eq=False)
class Subject:
    """One way to score, ready."""

    graph: LoadedGraph
    calibration: Calibration
    """Its threshold, from normal video alone."""

    @property
    def constants(self) -> Constants:
        """What its scores stand on."""
        return Constants(self.graph.statistics, self.calibration)


Opener = Callable[[], Subject]
"""Loads a subject: only when it is its turn, so that one graph is in memory at a time."""


@dataclass(frozen=True)
class Subjects:
    """All that are measured in one run, on the same windows."""

    title: str
    """The bundle's or the run's name."""

    spec: InputSpec
    openers: Mapping[str, Opener]
    """By the name that the report's row has."""

    false_alarms_per_day: float
    """Wished for; the baselines' thresholds are read for it too."""


def of_bundle(bundle: Bundle, targets: Sequence[str], threads: int | None = None) -> Subjects:
    """Graphs of a bundle as the daemon runs them.

    Raises:
        BundleError: the bundle has no such target.
    """
    wish = bundle.target(targets[0]).calibration.false_alarms_per_day
    openers = {name: partial(_open_target, bundle, name, threads) for name in targets}
    return Subjects(bundle.manifest.name, bundle.manifest.input, openers, wish)


def _open_target(bundle: Bundle, target: str, threads: int | None) -> Subject:
    graph = LoadedGraph(
        scorer=open_scorer(bundle, target, threads),
        spec=bundle.manifest.input,
        statistics=bundle.statistics(target),
    )
    return Subject(graph, bundle.target(target).calibration)
