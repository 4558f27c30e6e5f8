"""Pictures of an evaluation: scores over time, ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from ocrgan_training.evaluation.measure import Measured
from ocrgan_training.evaluation.metrics import lowest_for_unknown, runs
from ocrgan_training.evaluation.protocol import causal

Labels = Mapping[str, NDArray[np.bool_]]


def write_plots(folder: Path, measured: list[Measured], labels: Labels) -> list[Path]:
    """Writes all pictures as PNG into a folder; gives their paths.

    Curves need both classes: without abnormal frames only the scores over time are drawn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with mpl.rc_context({"font.size": 9}):
        for one in measured:
            if one.row.kind == "graph":
                path = folder / f"scores-{one.row.name}.png"
                _timelines(one, labels).savefig(path, dpi=110)
                paths.append(path)
        truth = np.concatenate([labels[name] for name in sorted(labels)])
        if truth.any() and not truth.all():
            for name, figure in (("roc", _roc(measured, truth)), ("pr", _pr(measured, truth))):
                figure.savefig(folder / f"{name}.png", dpi=110)
                paths.append(folder / f"{name}.png")
    return paths


def _timelines(measured: Measured, labels: Labels) -> Figure:
    clips = measured.clips
    figure = Figure(figsize=(9, 1.4 * len(clips) + 0.6), layout="constrained")
    axes = figure.subplots(len(clips), 1, squeeze=False)[:, 0]
    for axis, (name, clip) in zip(axes, clips.items(), strict=True):
        for first, end in runs(labels[name]):
            axis.axvspan(
                first / clip.frames_per_second,
                end / clip.frames_per_second,
                color="tab:red",
                alpha=0.15,
                linewidth=0,
            )
        scores = causal(clip)
        axis.plot(clip.times, np.where(np.isfinite(scores), scores, np.nan), linewidth=1)
        if measured.row.alarms is not None:
            axis.axhline(measured.row.alarms.threshold, color="black", linewidth=0.8, linestyle=":")
        for alarm in measured.alarms[name].alarms:
            axis.axvline(alarm.raised_at, color="tab:red", linewidth=1)
        axis.set_xlim(0, max(clip.frames / clip.frames_per_second, 1e-3))
        axis.set_ylabel(name, rotation=0, horizontalalignment="right")
    axes[-1].set_xlabel("seconds")
    figure.suptitle(
        f"{measured.row.name}: score, threshold (dotted), alarms (red), labelled (shaded)"
    )
    return figure


def _scores(measured: Measured) -> NDArray[np.float64]:
    known = lowest_for_unknown({name: causal(clip) for name, clip in measured.clips.items()})
    return np.concatenate([known[name] for name in sorted(known)])


def _roc(measured: list[Measured], truth: NDArray[np.bool_]) -> Figure:
    figure, axis = _square("false alarms per normal frame", "abnormal frames found")
    for one in measured:
        false, true, _ = roc_curve(truth, _scores(one))
        axis.plot(false, true, label=_label(one), linewidth=1)
    axis.plot([0, 1], [0, 1], color="gray", linewidth=0.5)
    axis.legend()
    return figure


def _pr(measured: list[Measured], truth: NDArray[np.bool_]) -> Figure:
    figure, axis = _square("recall", "precision")
    for one in measured:
        precision, recall, _ = precision_recall_curve(truth, _scores(one))
        axis.plot(recall, precision, label=_label(one), linewidth=1)
    axis.axhline(float(truth.mean()), color="gray", linewidth=0.5)
    axis.legend()
    return figure


def _square(x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.5, 5), layout="constrained")
    axis = figure.subplots()
    axis.set(xlabel=x, ylabel=y, xlim=(0, 1), ylim=(0, 1.005))
    return figure, axis


def _label(measured: Measured) -> str:
    figures = measured.row.frames["causal"]
    return measured.row.name if figures.auc is None else f"{measured.row.name} {figures.auc:.3f}"
