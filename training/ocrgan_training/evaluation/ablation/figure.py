"""The ablation as one picture: what every row detects, and what it costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from ocrgan_training.evaluation.ablation.table import Table
from ocrgan_training.evaluation.figures import COLOURS, Form, save, style

MARKERS = "osD^v"
GRAY = COLOURS[-1]


def write_figure(table: Table, folder: Path, form: Form = "png") -> Path:
    """Draws FOLDER/ablation.png or another form."""
    with style():
        return save(_figure(table), folder, "ablation", form)


def _figure(table: Table) -> Figure:
    places = _places(table)
    figure = Figure(figsize=(6.6, 0.26 * max(places) + 1.2), layout="constrained")
    detects, costs = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1.2))
    _detection(detects, table, places)
    costs.barh(places, [line.macs / 1e9 for line in table.lines], height=0.55, color=GRAY)
    costs.set(xscale="log", xlabel="GMAC a window")
    costs.tick_params(left=False)
    costs.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    costs.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    costs.xaxis.set_minor_locator(NullLocator())
    detects.set_yticks(places, [line.name for line in table.lines])
    detects.set_ylim(max(places) + 0.7, min(places) - 0.7)
    figure.legend(handles=_legend(table), loc="outside lower center", ncols=3)
    return figure


def _places(table: Table) -> list[float]:
    """From top to bottom, with room between groups."""
    found: list[float] = []
    place, group = 0.0, None
    for line in table.lines:
        place += 1.0 if group in (None, line.group) else 1.8
        group = line.group
        found.append(place)
    return found


def _detection(axis: Axes, table: Table, places: list[float]) -> None:
    shift = np.linspace(-0.18, 0.18, len(table.data_sets)) if len(table.data_sets) > 1 else [0.0]
    for number, name in enumerate(table.data_sets):
        colour, marker = COLOURS[number], MARKERS[number % len(MARKERS)]
        for place, line in zip(places, table.lines, strict=True):
            found = line.auc[name]
            if found is None:
                continue
            y = place + float(shift[number])
            axis.plot([found.low, found.high], [y, y], color=colour, linewidth=1.2)
            axis.plot(found.median, y, color=colour, marker=marker, markersize=4.5)
        best = max((v for v in table.baselines.get(name, {}).values() if v is not None), default=0)
        if best:
            axis.axvline(best, color=colour, linewidth=0.8, linestyle="--")
    axis.set_xlabel("causal frame AUC: median and range of seeds")
    axis.grid(axis="x", linewidth=0.3)


def _legend(table: Table) -> list[Line2D]:
    found = [
        Line2D([], [], color=COLOURS[i], marker=MARKERS[i % len(MARKERS)], label=name)
        for i, name in enumerate(table.data_sets)
    ]
    if any(table.baselines.values()):
        label = "best baseline, learns nothing"
        found.append(Line2D([], [], color="black", linewidth=0.8, linestyle="--", label=label))
    return found
