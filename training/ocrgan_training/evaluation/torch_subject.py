"""A checkpoint scored through torch: the same graph as is exported, before it is exported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ocrgan_edge.bundle import Bundle, Calibration, InputSpec
from ocrgan_edge.detection.picture_parts import part_scores
from ocrgan_edge.detection.term_statistics import TermStatistics
from ocrgan_edge.detection.threshold import extrapolation_warning, threshold_for
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.scorer import TERMS, LocationStatistics, WindowScore, warmed_up
from ocrgan_edge.runtime.scoring import score_source
from ocrgan_training.checkpoint import load_network
from ocrgan_training.evaluation.clip_scores import LoadedGraph
from ocrgan_training.evaluation.data_set import DataSet
from ocrgan_training.evaluation.evaluate import REFERENCES, TORCH
from ocrgan_training.evaluation.measure import Settings
from ocrgan_training.evaluation.subjects import Subject, Subjects, of_bundle
from ocrgan_training.fused_graph import GraphOutputs, ScoringGraph, to_video
from ocrgan_training.graph_of import graph_of
from ocrgan_training.machine import keep_freed_memory
from ocrgan_training.run_info import RunInfo
from ocrgan_training.step_graph import StepGraph

FALSE_ALARMS_PER_DAY = 1.0
"""Wished for where no bundle says what was wished for."""


class TorchScorer:
    """A network in torch behind the device's interface; implements `Scorer`."""

    target = TORCH

    def __init__(self, graph: ScoringGraph, statistics: LocationStatistics | None = None) -> None:
        """Scores by these statistics; by mean 0 and scale 1 where there are none."""
        self._graph = graph
        self.use(statistics or LocationStatistics.neutral((len(TERMS), *graph.grid)))

    def use(self, statistics: LocationStatistics) -> None:
        """Scores by these statistics from now on."""
        self._mean = torch.from_numpy(statistics.mean.copy())
        self._scale = torch.from_numpy(statistics.scale.copy())

    def score(self, frames: NDArray[np.uint8]) -> WindowScore:
        """Scores one window (T, H, W, 3), blue-green-red."""
        with torch.inference_mode():
            window = torch.from_numpy(frames.copy())[None]
            return window_score(self._graph.over(window, self._mean, self._scale))


class TorchStepper(TorchScorer):
    """A network that steps, frame by frame; implements `Stepper`."""

    def __init__(self, graph: StepGraph, statistics: LocationStatistics | None = None) -> None:
        """As `TorchScorer`; nothing is known of any frame yet."""
        super().__init__(graph, statistics)
        self._steps = graph
        self._state = graph.initial_state()
        self._told: WindowScore | None = None

    def score(self, frames: NDArray[np.uint8]) -> WindowScore:
        """Scores one window and nothing before it."""
        return self.follow(frames, None)

    def follow(self, frames: NDArray[np.uint8], new: int | None) -> WindowScore:
        """Scores the newest frame after what came before; see `Stepper`."""
        if new is None or new > len(frames):
            self._state, shown = self._steps.initial_state(), warmed_up(frames)
        elif new == 0 and self._told is not None:
            return self._told
        else:
            shown = frames[len(frames) - max(1, new) :]
        newest = torch.from_numpy(shown.copy())
        with torch.inference_mode():
            for frame in newest:
                told, self._state = self._steps.step(
                    to_video(frame[None, None]), self._state, (self._mean, self._scale)
                )
        self._told = window_score(told)
        return self._told

    def another(self) -> TorchStepper:
        """The same network for another camera."""
        mean, scale = self._mean.numpy(), self._scale.numpy()
        return TorchStepper(self._steps, LocationStatistics(mean, scale))


def torch_scorer(graph: ScoringGraph, statistics: LocationStatistics | None = None) -> TorchScorer:
    """What scores by a graph, of windows or of steps."""
    if isinstance(graph, StepGraph):
        return TorchStepper(graph, statistics)
    return TorchScorer(graph, statistics)


def window_score(told: GraphOutputs) -> WindowScore:
    """A graph's outputs in torch as the device has them."""
    return WindowScore(
        score=float(told.score),
        frame_scores=told.frame_scores.numpy(),
        anomaly_map=told.anomaly_map.numpy(),
        shares=told.shares.numpy(),
        seed=float(told.seed),
        terms=told.terms.numpy(),
        attention=None if told.attention is None else told.attention.numpy(),
    )


@dataclass(frozen=True, eq=False)
class LoadedRun:
    """A run's network as a graph, and what windows it takes."""

    name: str
    graph: ScoringGraph
    info: RunInfo

    @property
    def spec(self) -> InputSpec:
        """Window, size and rate."""
        config = self.info.network
        return InputSpec(
            frames=config.frames,
            height=config.height,
            width=config.width,
            frames_per_second=self.info.frames_per_second,
        )


def load_run(run: Path) -> LoadedRun:
    """The network of a run folder, averaged weights.

    Raises:
        DataError: the folder has no checkpoint, or it is broken.
        SettingsError: the network's frames are not multiples of 32.
    """
    keep_freed_memory()
    network, info = load_network(run)
    return LoadedRun(run.resolve().name, graph_of(network), info)


def of_run(run: LoadedRun, data: DataSet, settings: Settings) -> Subjects:
    """The network alone; places and threshold are measured on the data set's normal clips."""
    opener = partial(_calibrated, run, data, settings)
    return Subjects(run.name, run.spec, {TORCH: opener}, FALSE_ALARMS_PER_DAY)


def with_run(bundle: Bundle, targets: list[str], run: LoadedRun, settings: Settings) -> Subjects:
    """A bundle's graphs beside the network they were made from, with one target's constants.

    Raises:
        DataError: the bundle takes other windows than the network.
    """
    if bundle.manifest.input != run.spec:
        raise DataError(
            f"bundle {bundle.path} takes {bundle.manifest.input}, "
            f"but the network of {run.name} takes {run.spec}"
        )
    subjects = of_bundle(bundle, targets, settings.threads)
    names = (*REFERENCES, *targets)
    reference = next(name for name in names if name in bundle.manifest.targets)
    statistics = bundle.statistics(reference)
    calibration = bundle.target(reference).calibration
    graph = LoadedGraph(torch_scorer(run.graph, statistics), run.spec, statistics)
    openers = {TORCH: lambda: Subject(graph, calibration), **subjects.openers}
    return replace(subjects, openers=openers)


def _calibrated(run: LoadedRun, data: DataSet, settings: Settings) -> Subject:
    if not data.held_out or not data.background:
        raise DataError(
            f"{data.folder}/train needs 2 normal clips or more: the score's constants are "
            "measured on them"
        )
    scorer = torch_scorer(run.graph)

    def results(path: Path) -> Iterator[WindowScore]:
        with closing(data.open_path(path)) as source:
            for window in score_source(source, scorer, run.spec, settings.hop):
                yield window.result

    gathered = TermStatistics(run.graph.recent)
    for path in data.background.values():
        for result in results(path):
            gathered.add(result.terms)
    statistics = gathered.statistics()
    scorer.use(statistics)
    scores = [
        np.array([part_scores(found, run.graph.recent) for found in results(path)])
        for path in data.held_out.values()
    ]
    calibration = _calibration(scores, run.spec, data, settings)
    return Subject(LoadedGraph(scorer, run.spec, statistics), calibration)


def _calibration(
    scores: list[NDArray[np.float64]], spec: InputSpec, data: DataSet, settings: Settings
) -> Calibration:
    wish = settings.wish(FALSE_ALARMS_PER_DAY)
    found = threshold_for(scores, settings.hop / spec.frames_per_second, wish)
    return Calibration(
        threshold=found.value,
        median=found.median,
        false_alarms_per_day=wish.false_alarms_per_day,
        windows=found.windows,
        minutes=found.minutes,
        hop=settings.hop,
        source=f"{data.folder.resolve().name}/train: {', '.join(data.held_out)}",
        warning=extrapolation_warning(found, wish),
    )
