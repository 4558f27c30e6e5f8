"""Graphs and baselines against a data set in one run, as one report."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from scipy.stats import spearmanr

from ocrgan_edge.bundle import Calibration
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_training.evaluation.data_set import ONLY_NORMAL, DataSet
from ocrgan_training.evaluation.measure import Measured, Settings, Told
from ocrgan_training.evaluation.measure_baselines import measure_baselines
from ocrgan_training.evaluation.measure_graph import MeasuredGraph, measure_graph
from ocrgan_training.evaluation.metrics import Scores
from ocrgan_training.evaluation.report import Agreement, Report
from ocrgan_training.evaluation.subjects import Subjects

TORCH = "torch"
"""Row of a checkpoint's own network."""
REFERENCES = (TORCH, "onnx-fp32", "openvino-fp16")
"""What the others are compared with, the first that is there."""
PACKAGES = ("ocrgan-edge", "numpy", "opencv-python-headless", "onnxruntime", "openvino", "torch")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A report and what it was made from, for plots."""

    report: Report
    measured: list[Measured]
    """In the order of the report's rows."""
    statistics: Mapping[str, LocationStatistics] = field(default_factory=dict)
    """What each subject scored with."""

    def of(self, name: str) -> Measured:
        """One row's."""
        return next(one for one in self.measured if one.row.name == name)


def evaluate(subjects: Subjects, data: DataSet, settings: Settings, told: Told) -> Evaluation:
    """Measures the baselines, then each subject.

    Raises:
        DataError: labels or masks do not fit the clips.
        BundleError: a target is not there or fails its self-test.
        SourceError: a clip cannot be read.
    """
    clock, wish = subjects.spec.frames_per_second, subjects.false_alarms_per_day
    baselines = measure_baselines(data, clock, wish, settings, told)
    graphs = {
        name: measure_graph(name, opener(), data, settings, told)
        for name, opener in subjects.openers.items()
    }
    return evaluation_of(subjects.title, graphs, baselines, data, settings)


def evaluation_of(
    title: str,
    graphs: Mapping[str, MeasuredGraph],
    baselines: list[Measured],
    data: DataSet,
    settings: Settings,
) -> Evaluation:
    """Puts together what was measured."""
    shipped = {name: graph.shipped for name, graph in graphs.items()}
    measured = [*shipped.values(), *(graph.seed for graph in graphs.values()), *baselines]
    labels = {name: data.labels_of(name, clip.frames) for name, clip in measured[0].clips.items()}
    report = Report(
        bundle=title,
        data=str(data.folder),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        hop=settings.hop,
        sigma=settings.sigma,
        minimum_duration=settings.minimum_duration,
        cool_down=settings.cool_down,
        clips=len(labels),
        frames=sum(clip.size for clip in labels.values()),
        abnormal_frames=sum(int(np.count_nonzero(clip)) for clip in labels.values()),
        labelled=data.labels is not None,
        pixel_stride=data.pixel_stride if data.masks else None,
        rows=[each.row for each in measured],
        terms={name: graph.terms for name, graph in graphs.items()},
        agreements=_agreements(shipped),
        versions=_versions(),
        notes=_notes(graphs, data, settings),
    )
    statistics = {name: graph.constants.statistics for name, graph in graphs.items()}
    return Evaluation(report, measured, statistics)


def agreement(reference: Measured, other: Measured) -> Agreement:
    """Compares two graphs on the same clips."""
    names = sorted(reference.clips)
    first = np.concatenate([reference.clips[name].score for name in names])
    second = np.concatenate([other.clips[name].score for name in names])
    same = np.concatenate([reference.alarms[name].on == other.alarms[name].on for name in names])
    return Agreement(
        reference=reference.row.name,
        spearman=_rank_correlation(first, second),
        largest_difference=float(np.abs(first - second).max(initial=0.0)),
        auc_difference=_difference(reference, other),
        alarm_agreement=float(same.mean()),
    )


def _rank_correlation(first: Scores, second: Scores) -> float:
    """Spearman's; 1 for the same values, also where they do not vary."""
    if np.array_equal(first, second) or first.size < 2:
        return 1.0
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(spearmanr(first, second).statistic)


def _difference(reference: Measured, other: Measured) -> float | None:
    pair = [one.row.frames.get("causal") for one in (reference, other)]
    first, second = (None if figures is None else figures.auc for figures in pair)
    return None if first is None or second is None else second - first


def _agreements(shipped: Mapping[str, Measured]) -> dict[str, Agreement]:
    reference = next((name for name in REFERENCES if name in shipped), None)
    if reference is None:
        return {}
    return {
        name: agreement(shipped[reference], measured)
        for name, measured in shipped.items()
        if name != reference
    }


def _notes(graphs: Mapping[str, MeasuredGraph], data: DataSet, settings: Settings) -> list[str]:
    notes = [] if data.labels is not None else [ONLY_NORMAL]
    if not data.held_out:
        notes.append("no normal clips to hold out in train/: the baselines have no threshold")
    of_graphs: dict[str, list[str]] = {}
    for name, graph in graphs.items():
        for text in _calibration_notes(graph.constants.calibration, settings):
            of_graphs.setdefault(text, []).append(name)
    return notes + [f"{', '.join(names)}: {text}" for text, names in of_graphs.items()]


def _calibration_notes(calibration: Calibration, settings: Settings) -> list[str]:
    notes = [] if calibration.warning is None else [calibration.warning]
    if calibration.hop != settings.hop:
        notes.append(
            f"the threshold was read with a window every {calibration.hop} frames, "
            f"this is with one every {settings.hop}"
        )
    return notes


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "machine": platform.machine()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
