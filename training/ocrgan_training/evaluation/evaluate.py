"""A bundle against a data set: graphs and baselines in one run, as one report."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from scipy.stats import spearmanr

from ocrgan_edge.bundle import Bundle, Calibration
from ocrgan_training.evaluation.data_set import ONLY_NORMAL, DataSet
from ocrgan_training.evaluation.measure import Measured, Settings, Told
from ocrgan_training.evaluation.measure_baselines import measure_baselines
from ocrgan_training.evaluation.measure_graph import measure_graph
from ocrgan_training.evaluation.report import Agreement, Report

REFERENCES = ("onnx-fp32", "openvino-fp16")
"""Targets that the others are compared with, the first that is there."""
PACKAGES = ("ocrgan-edge", "numpy", "opencv-python-headless", "onnxruntime", "openvino")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A report and what it was made from, for plots."""

    report: Report
    measured: list[Measured]
    """In the order of the report's rows."""


def evaluate(
    bundle: Bundle, targets: list[str], data: DataSet, settings: Settings, told: Told
) -> Evaluation:
    """Measures the baselines, then each target.

    Raises:
        DataError: labels or masks do not fit the clips.
        BundleError: a target is not there or fails its self-test.
        SourceError: a clip cannot be read.
    """
    wish = bundle.target(targets[0]).calibration.false_alarms_per_day
    clock = bundle.manifest.input.frames_per_second
    baselines = measure_baselines(data, clock, wish, settings, told)
    graphs = {name: measure_graph(bundle, name, data, settings, told) for name in targets}
    shipped = {name: graph.shipped for name, graph in graphs.items()}
    measured = [*shipped.values(), *(graph.seed for graph in graphs.values()), *baselines]
    labels = {name: data.labels_of(name, clip.frames) for name, clip in baselines[0].clips.items()}
    report = Report(
        bundle=bundle.manifest.name,
        data=str(data.folder),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        hop=settings.hop,
        sigma=settings.sigma,
        clips=len(labels),
        frames=sum(clip.size for clip in labels.values()),
        abnormal_frames=sum(int(np.count_nonzero(clip)) for clip in labels.values()),
        labelled=data.labels is not None,
        pixel_stride=data.pixel_stride if data.masks else None,
        rows=[each.row for each in measured],
        terms={name: graph.terms for name, graph in graphs.items()},
        agreements=_agreements(shipped),
        versions=_versions(),
        notes=_notes(bundle, targets, data, settings),
    )
    return Evaluation(report, measured)


def agreement(reference: Measured, other: Measured) -> Agreement:
    """Compares two graphs on the same clips."""
    names = sorted(reference.clips)
    first = np.concatenate([reference.clips[name].score for name in names])
    second = np.concatenate([other.clips[name].score for name in names])
    same = np.concatenate([reference.alarms[name].on == other.alarms[name].on for name in names])
    return Agreement(
        reference=reference.row.name,
        spearman=float(spearmanr(first, second).statistic) if first.size > 1 else 1.0,
        auc_difference=_difference(reference, other),
        alarm_agreement=float(same.mean()),
    )


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


def _notes(bundle: Bundle, targets: list[str], data: DataSet, settings: Settings) -> list[str]:
    notes = [] if data.labels is not None else [ONLY_NORMAL]
    if not data.held_out:
        notes.append("no normal clips to hold out in train/: the baselines have no threshold")
    of_targets: dict[str, list[str]] = {}
    for name in targets:
        for text in _calibration_notes(bundle.target(name).calibration, settings):
            of_targets.setdefault(text, []).append(name)
    return notes + [f"{', '.join(names)}: {text}" for text, names in of_targets.items()]


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
