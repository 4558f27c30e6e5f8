"""The page's part about frames that are scored one by one, against windows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from in_turn import times_faster
from measured import NAMES, ORDER, Figures, shown, table

GOAL = 10.0
"""Times less that a frame should take than a window."""
EVERY = 0.1
"""Seconds between two frames of a camera."""
WINDOW = "window"


@dataclass(frozen=True)
class MeasuredSteps(Figures):
    """A preset's forms; `seconds` are by form and target, as `slim/onnx-int8`."""

    @property
    def patches(self) -> list[str]:
        """Kinds of local discriminators that were measured."""
        return [name for name in self.info["macs"] if name != WINDOW]

    @property
    def targets(self) -> list[str]:
        """Of each form."""
        return [name for name in NAMES if f"{WINDOW}/{name}" in self.seconds]

    def milliseconds(self, form: str, target: str) -> float:
        """Of a window, or of a frame with these patches."""
        return median(self.seconds[f"{form}/{target}"]) * 1e3

    def cameras(self, form: str, target: str) -> float:
        """At 10 frames/s with each of them scored, that one core carries."""
        return EVERY * 1e3 / self.milliseconds(form, target)


def read_steps(folder: Path) -> list[MeasuredSteps]:
    """All presets that were measured."""
    found = {}
    for path in folder.glob("*.json"):
        info = json.loads(path.read_text())["benchmarks"][0]["extra_info"]
        found[info["preset"]] = MeasuredSteps(info["preset"], info)
    return [found[name] for name in ORDER if name in found]


def steps_section(measured: Sequence[MeasuredSteps]) -> str:
    """Its heading, what the columns are, and a table."""
    rows = [row for each in measured for row in _rows(each)]
    told = (
        "A frame through a graph that steps (`--temporal causal`), in turn with a window of the "
        "same preset and target: processor time, one thread. Cameras: how many at 10 frames/s one "
        f"core carries if every frame is scored. The goal is {GOAL:g} times less per frame. State: "
        "what a camera needs beside the graph in float; INT8 graphs keep frames as bytes. Million "
        "multiply-adds: "
        f"{'; '.join(_macs(each) for each in measured)}."
    )
    head = ("", "patches", "", "window, ms", "frame, ms", "× less", "", "cameras", "state, MB")
    return f"## Every frame, one by one\n\n{told}\n\n{table(head, rows)}"


def _macs(each: MeasuredSteps) -> str:
    parts = [f"{form} {macs / 1e6:,.1f}" for form, macs in each.info["macs"].items()]
    return f"{each.preset} {', '.join(parts)}"


def _rows(each: MeasuredSteps) -> list[tuple[str, ...]]:
    rows = []
    for patches in each.patches:
        for target in each.targets:
            ratio = times_faster(each.seconds, f"{patches}/{target}", f"{WINDOW}/{target}")
            before, now = (each.cameras(form, target) for form in (WINDOW, patches))
            rows.append(
                (
                    each.preset,
                    patches,
                    NAMES[target],
                    f"{each.milliseconds(WINDOW, target):.1f}",
                    f"{each.milliseconds(patches, target):.2f}",
                    shown(ratio),
                    "reached" if ratio.median >= GOAL else "not reached",
                    f"{before:.1f} → {now:.1f}",
                    f"{each.info['state_bytes'][patches] / 1e6:.2f}",
                )
            )
    return rows


def draw_cameras(measured: Sequence[MeasuredSteps], axes: Any) -> None:
    """How many cameras a core carries with the best target of each form, by preset."""
    forms = [WINDOW, *measured[0].patches]
    width = 0.8 / len(forms)
    for place, form in enumerate(forms):
        carried = [max(each.cameras(form, name) for name in each.targets) for each in measured]
        at = [number + (place - len(forms) / 2 + 0.5) * width for number in range(len(measured))]
        label = "windows" if form == WINDOW else f"steps, {form}"
        axes.bar(at, carried, width, label=label)
    axes.set_xticks(range(len(measured)), [each.preset for each in measured])
    axes.set_yscale("log")
    axes.set_ylabel("cameras a core carries,\nevery frame of 10 a second")
    axes.legend(fontsize="small", frameon=False)
