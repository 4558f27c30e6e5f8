"""Pictures of an evaluation: scores over time, ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_curve

from ocrgan_training.evaluation.figures import ABNORMAL, COLOURS, NORMAL, Form, save, style
from ocrgan_training.evaluation.measure import Measured
from ocrgan_training.evaluation.metrics import lowest_for_unknown, runs
from ocrgan_training.evaluation.protocol import ClipScores, causal

Labels = Mapping[str, NDArray[np.bool_]]

CLIPS_PER_PAGE = 12
GRAY = COLOURS[-1]


def write_plots(
    folder: Path, measured: list[Measured], labels: Labels, form: Form = "png"
) -> list[Path]:
    """Writes all pictures into a folder; gives their paths.

    Curves need both classes: without abnormal frames only the scores over time are drawn.
    """
    paths = []
    with style():
        for one in measured:
            if one.row.kind == "graph":
                paths += _write_timelines(folder, one, labels, form)
        truth = np.concatenate([labels[name] for name in sorted(labels)])
        seeds = [one for one in measured if one.row.kind == "seed"]
        curves = [one for one in measured if one not in seeds[1:]]  # targets have the same one
        if truth.any() and not truth.all():
            paths.append(save(_roc(curves, truth), folder, "roc", form))
            paths.append(save(_pr(curves, truth), folder, "pr", form))
    return paths


def _write_timelines(folder: Path, measured: Measured, labels: Labels, form: Form) -> list[Path]:
    """Scores over time, some clips a page."""
    names = list(measured.clips)
    pages = [names[i : i + CLIPS_PER_PAGE] for i in range(0, len(names), CLIPS_PER_PAGE)]
    return [
        save(
            _timelines(measured, labels, page),
            folder,
            f"scores-{measured.row.name}" + (f"-{number}" if len(pages) > 1 else ""),
            form,
        )
        for number, page in enumerate(pages, 1)
    ]


def _timelines(measured: Measured, labels: Labels, names: list[str]) -> Figure:
    rows = -(-len(names) // 2) if len(names) > 4 else len(names)
    columns = -(-len(names) // rows)
    figure = Figure(figsize=(7.2, 0.95 * rows + 0.9), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).T.ravel()
    for axis, name in zip(axes, names, strict=False):
        _timeline(axis, measured, name, labels[name])
    for axis in axes[len(names) :]:
        axis.set_axis_off()
    for column in range(columns):
        last = min((column + 1) * rows, len(names)) - 1
        axes[last].tick_params(labelbottom=True)
    figure.supxlabel("seconds", fontsize="medium")
    axes[0].set_xlim(0, max(float(measured.clips[name].times[-1]) for name in names))
    axes[0].set_ylim(*_range(measured))
    figure.legend(handles=_timeline_legend(measured), loc="outside upper center", ncols=4)
    return figure


def _timeline(axis: Axes, measured: Measured, name: str, labels: NDArray[np.bool_]) -> None:
    clip = measured.clips[name]
    for first, end in runs(labels):
        span = first / clip.frames_per_second, end / clip.frames_per_second
        axis.axvspan(*span, color=ABNORMAL, alpha=0.2, linewidth=0)
    axis.plot(clip.times, _known(clip), linewidth=0.9, color=NORMAL)
    if measured.row.alarms is not None:
        axis.axhline(measured.row.alarms.threshold, color="black", linewidth=0.7, linestyle="--")
    for alarm in measured.alarms[name].alarms if measured.alarms else ():
        axis.axvline(alarm.raised_at, color="black", linewidth=1.2)
    axis.text(
        *(0.01, 0.97, name),
        transform=axis.transAxes,
        verticalalignment="top",
        fontsize=8,
        bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1},
    )


def _timeline_legend(measured: Measured) -> list[Line2D | Patch]:
    return [
        Line2D([], [], color=NORMAL, label=f"score of {measured.row.name}"),
        Patch(color=ABNORMAL, alpha=0.2, linewidth=0, label="labelled abnormal"),
        Line2D([], [], color="black", linewidth=0.7, linestyle="--", label="threshold"),
        Line2D([], [], color="black", marker="|", linestyle="none", label="alarm raised"),
    ]


def _known(clip: ClipScores) -> NDArray[np.float64]:
    scores = causal(clip)
    return np.where(np.isfinite(scores), scores, np.nan)


def _range(measured: Measured) -> tuple[float, float]:
    """One for all clips, so that heights can be compared."""
    scores = np.concatenate([clip.score for clip in measured.clips.values()])
    threshold = measured.row.alarms.threshold if measured.row.alarms else 0.0
    low = min(float(scores.min(initial=0.0)), threshold)
    high = max(float(scores.max(initial=0.0)), threshold)
    margin = 0.08 * max(high - low, 1e-6)
    return low - margin, high + margin


def _scores(measured: Measured) -> NDArray[np.float64]:
    known = lowest_for_unknown({name: causal(clip) for name, clip in measured.clips.items()})
    return np.concatenate([known[name] for name in sorted(known)])


def _roc(measured: list[Measured], truth: NDArray[np.bool_]) -> Figure:
    figure, axis = _square("false positive rate (frames)", "true positive rate (frames)")
    for number, one in enumerate(measured):
        false, true, _ = roc_curve(truth, _scores(one))
        auc = one.row.frames["causal"].auc
        axis.plot(false, true, label=_label(one, auc), **_line(one, number))
    axis.plot([0, 1], [0, 1], color=GRAY, linewidth=0.5)
    axis.legend(loc="lower right", title="causal frame AUC")
    return figure


def _pr(measured: list[Measured], truth: NDArray[np.bool_]) -> Figure:
    figure, axis = _square("recall (frames)", "precision (frames)")
    for number, one in enumerate(measured):
        scores = _scores(one)
        precision, recall, _ = precision_recall_curve(truth, scores)
        found = float(average_precision_score(truth, scores))
        axis.plot(recall[:-1], precision[:-1], label=_label(one, found), **_line(one, number))
    axis.axhline(float(truth.mean()), color=GRAY, linewidth=0.5)
    axis.legend(loc="lower left", title="causal average precision")
    return figure


def _square(x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(4.4, 4.2), layout="constrained")
    axis = figure.subplots()
    axis.set(xlabel=x, ylabel=y, xlim=(0, 1), ylim=(0, 1.005), aspect="equal")
    return figure, axis


_LINES = {"graph": "-", "seed": ":", "baseline": "--"}


def _line(measured: Measured, number: int) -> dict[str, Any]:
    colour = COLOURS[number % len(COLOURS)]
    return {"color": colour, "linestyle": _LINES[measured.row.kind], "linewidth": 1.2}


def _label(measured: Measured, figure: float | None) -> str:
    return measured.row.name if figure is None else f"{measured.row.name} {figure:.3f}"
