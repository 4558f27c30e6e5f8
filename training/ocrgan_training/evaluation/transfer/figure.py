"""The curves as one picture: a panel for every scene."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ocrgan_training.evaluation.figures import COLOURS, Form, save, style
from ocrgan_training.evaluation.transfer.curve import Curves


def write_figure(curves: Curves, folder: Path, form: Form = "png") -> Path:
    """Draws FOLDER/transfer.png or another form."""
    with style():
        return save(_figure(curves), folder, "transfer", form)


def _figure(curves: Curves) -> Figure:
    scenes = list(curves.baselines)
    figure = Figure(figsize=(1.2 + 2.6 * len(scenes), 2.6), layout="constrained")
    axes = figure.subplots(1, len(scenes), sharey=True, squeeze=False)[0]
    for axis, scene in zip(axes, scenes, strict=True):
        _panel(axis, curves, scene)
    axes[0].set_ylabel("causal frame AUC")
    axes[-1].legend(title="training", loc="lower right")
    return figure


def _panel(axis: Axes, curves: Curves, scene: str) -> None:
    points = [one for one in curves.points if one.scene == scene and one.auc is not None]
    for number, budget in enumerate(dict.fromkeys(one.budget for one in points)):
        line = sorted((one.recording, one.auc or 0.0) for one in points if one.budget == budget)
        x, y = zip(*line, strict=True)
        axis.plot(x, y, marker="o", markersize=4, color=COLOURS[number], label=budget)
    baseline = curves.baselines[scene]
    if baseline is not None:
        axis.axhline(baseline, color="black", linewidth=0.8, linestyle="--")
    axis.set(title=scene, xlabel="minutes of recording")
    axis.grid(linewidth=0.3)
