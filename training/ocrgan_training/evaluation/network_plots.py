"""Pictures of what a network does inside, for normal and for abnormal windows side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ocrgan_training.evaluation.data_set import DataSet
from ocrgan_training.evaluation.figures import ABNORMAL, NORMAL, Form, save, style
from ocrgan_training.evaluation.measure import Measured
from ocrgan_training.evaluation.network_view import Inside, Place, View, look, places, spread

CLASSES = ((False, "normal", NORMAL), (True, "abnormal", ABNORMAL))
COLUMNS = ("newest frame", "rebuilt", "error", "anomaly map")


def write_network_plots(
    folder: Path, inside: Inside, measured: Measured, form: Form = "png"
) -> list[Path]:
    """Writes reconstructions with error maps, attention matrices and channel-shuffle weights.

    Args:
        folder: where to.
        inside: the network and its clips; without labels all windows are normal.
        measured: its scores of these clips.
        form: png, pdf or svg.
    """
    data = inside.data
    labels = {name: data.labels_of(name, clip.frames) for name, clip in measured.clips.items()}
    known = places(measured.clips, labels)
    chosen = [spread([one for one in known if one.abnormal is kind]) for kind, *_ in CLASSES]
    exhibits = _exhibits(known)
    wanted = dict.fromkeys([*exhibits, *chosen[0], *chosen[1]])
    views = {view.place: view for view in look(inside, list(wanted))}
    classes = [[views[place] for place in group] for group in chosen]
    figures: dict[str, Figure] = {}
    with style():
        figures["reconstruction"] = _reconstruction([views[place] for place in exhibits], data)
        if any(view.attention is not None for view in views.values()):
            figures["attention"] = _attention(classes)
        if any(view.shuffle for view in views.values()):
            figures["channel-shuffle"] = _shuffle(classes)
        return [save(figure, folder, name, form) for name, figure in figures.items()]


def _exhibits(known: list[Place]) -> list[Place]:
    """The usual normal window, and the usual and the most unusual abnormal one."""
    by_score = sorted(known, key=lambda place: place.score)
    normal = [place for place in by_score if not place.abnormal]
    abnormal = [place for place in by_score if place.abnormal]
    found = [normal[len(normal) // 2]] if normal else []
    found += [abnormal[len(abnormal) // 2], abnormal[-1]] if abnormal else []
    return list(dict.fromkeys(found))


def _reconstruction(views: Sequence[View], data: DataSet) -> Figure:
    height, width = views[0].error.shape
    figure = Figure(
        figsize=(7.6, len(views) * (1.75 * height / width + 0.12) + 0.55), layout="constrained"
    )
    axes = figure.subplots(len(views), len(COLUMNS), squeeze=False)
    worst = max(float(np.quantile(view.error, 0.999)) for view in views)
    highest = max(1.0, *(float(view.anomaly_map.max()) for view in views))
    for row, view in zip(axes, views, strict=True):
        row[0].imshow(view.frame)
        row[1].imshow(view.rebuilt)
        error = row[2].imshow(view.error, cmap="magma", vmin=0, vmax=worst)
        score = row[3].imshow(view.anomaly_map, cmap="viridis", vmin=0, vmax=highest)
        _outline(row[0], view, data)
        kind = "abnormal" if view.place.abnormal else "normal"
        text = f"{kind}, score {view.place.score:.1f}\n{view.place.clip} at {view.place.at:.1f} s"
        row[0].set_ylabel(text, fontsize=7)
        for axis in row:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
    for axis, title in zip(axes[0], COLUMNS, strict=True):
        axis.set_title(title)
    for column, image in ((2, error), (3, score)):
        # Inside the last picture's own space: a bar that took space of its column would leave the
        # columns out of line.
        bar = axes[-1, column].inset_axes((0.0, -0.14, 1.0, 0.06))
        figure.colorbar(image, cax=bar, orientation="horizontal")
        bar.tick_params(labelsize=7)
    return figure


def _outline(axis: Axes, view: View, data: DataSet) -> None:
    """The labelled place, where the data set says it."""
    masks = data.masks.get(view.place.clip)
    if masks is None or not view.place.abnormal:
        return
    mask = masks[min(view.place.frame, len(masks) - 1)]
    height, width = view.error.shape
    x = (np.arange(mask.shape[1]) + 0.5) * width / mask.shape[1] - 0.5
    y = (np.arange(mask.shape[0]) + 0.5) * height / mask.shape[0] - 0.5
    if mask.any():
        axis.contour(x, y, mask, levels=[0.5], colors=[ABNORMAL], linewidths=1)


def _attention(classes: Sequence[Sequence[View]]) -> Figure:
    shown: list[tuple[str, NDArray[np.float32]]] = []
    for (_, name, _), views in zip(CLASSES, classes, strict=True):
        matrices = [view.attention for view in views if view.attention is not None]
        if matrices:
            mean = np.asarray(np.mean(matrices, axis=0), np.float32)
            shown.append((f"{name} ({len(matrices)} windows)", mean))
    panels = len(shown) + (len(shown) == 2)
    figure = Figure(figsize=(2.9 * panels, 3.0), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    highest = max(float(mean.max()) for _, mean in shown)
    for axis, (title, mean) in zip(axes, shown, strict=False):
        image = axis.imshow(mean, cmap="viridis", vmin=0, vmax=highest)
        axis.set_title(title)
    figure.colorbar(image, ax=list(axes[: len(shown)]), location="bottom", aspect=40, shrink=0.6)
    if len(shown) == 2:
        difference = shown[1][1] - shown[0][1]
        largest = max(float(np.abs(difference).max()), 1e-9)
        image = axes[2].imshow(difference, cmap="RdBu_r", vmin=-largest, vmax=largest)
        axes[2].set_title("abnormal − normal")
        figure.colorbar(image, ax=axes[2], location="bottom", aspect=20)
    _seconds_axes(axes, len(shown[0][1]))
    return figure


def _seconds_axes(axes: NDArray[np.object_], frames: int) -> None:
    ticks = sorted({0, frames // 2, frames - 1})
    for axis in axes:
        axis.set(xticks=ticks, yticks=ticks, xlabel="frame looked at")
        axis.set_xticklabels([f"{tick - frames + 1}" for tick in ticks])
        axis.set_yticklabels([f"{tick - frames + 1}" for tick in ticks])
    axes[0].set_ylabel("frame that looks (0: newest)")


def _shuffle(classes: Sequence[Sequence[View]]) -> Figure:
    """Above: the weights. Below: what abnormal windows change in them, on a scale of its own."""
    levels = len(next(view for views in classes for view in views).shuffle)
    both = all(classes)
    figure = Figure(figsize=(2.2 * levels + 0.6, 2.5 + 1.3 * both), layout="constrained")
    rows = {"height_ratios": (2, 1)} if both else {}
    axes = figure.subplots(
        1 + both, levels, squeeze=False, sharey="row", sharex="col", gridspec_kw=rows
    )
    for level in range(levels):
        shares = [np.array([view.shuffle[level] for view in views]) for views in classes]
        order = np.argsort(next(one for one in shares if one.size).mean(axis=0))
        for (_, name, colour), one in zip(CLASSES, shares, strict=True):
            if one.size:
                _band(axes[0, level], one[:, order], name, colour)
        axes[0, level].axhline(0.5, color="gray", linewidth=0.5)
        axes[0, level].set(title=f"skip {level + 1} of {levels}", ylim=(0, 1))
        if both:
            change = (shares[1].mean(axis=0) - shares[0].mean(axis=0))[order]
            axes[1, level].bar(np.arange(change.size), change, width=1.0, color=ABNORMAL)
            axes[1, level].axhline(0, color="gray", linewidth=0.5)
        axes[-1, level].set_xlabel("channel, sorted")
    axes[0, 0].set_ylabel("weight of the Laplacian\n(texture) stream")
    axes[0, 0].legend(loc="upper left")
    if both:
        axes[1, 0].set_ylabel("abnormal\n− normal")
    return figure


def _band(axis: Axes, shares: NDArray[np.float32], name: str, colour: str) -> None:
    """Mean over windows, and where 80 % of them lie."""
    channels = np.arange(shares.shape[1])
    low, high = np.quantile(shares, (0.1, 0.9), axis=0)
    axis.fill_between(channels, low, high, color=colour, alpha=0.2, linewidth=0)
    axis.plot(channels, shares.mean(axis=0), color=colour, linewidth=1.2, label=name)
