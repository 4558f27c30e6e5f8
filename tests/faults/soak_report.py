"""What a soak has shown: slopes with their confidence intervals, a table and a picture."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import theilslopes

QUANTITIES = {
    "rss": ("RSS of the daemon", "MB", 1e-6),
    "children_rss": ("RSS of its decoder", "MB", 1e-6),
    "descriptors": ("descriptors", "", 1),
    "threads": ("threads", "", 1),
    "latency_p50": ("latency p50", "ms", 1e3),
    "latency_p95": ("latency p95", "ms", 1e3),
    "age_max": ("age of a score, largest", "ms", 1e3),
    "cpu_per_window": ("processor time per window", "ms", 1e3),
    "outbox": ("outbox depth", "", 1),
    "load": ("load of the machine", "", 1),
}
BLOCK = 60.0
"""Neighbouring samples resemble each other; means over so many seconds hardly do."""


def series(samples: list[dict[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Seconds and values of a quantity, in its unit, where there are any."""
    factor = QUANTITIES[name][2]
    if name == "cpu_per_window":
        at, cpu, windows = (
            np.array([sample[key] for sample in samples])
            for key in ("at", "cpu_seconds", "windows")
        )
        scored = np.diff(windows)
        some = scored > 0
        return at[1:][some], factor * np.diff(cpu)[some] / scored[some]
    points = [(sample["at"], sample[name]) for sample in samples if sample[name] is not None]
    at, values = np.array(points, float).reshape(-1, 2).T
    return at, factor * values


def slopes(samples: list[dict[str, Any]], warm_up: float) -> dict[str, dict[str, float | str]]:
    """Slope per hour of each quantity, by Theil and Sen, with its 95 % confidence interval.

    Of medians over a minute, after the warm-up. Source: Sen, Estimates of the regression
    coefficient based on Kendall's tau, 1968.
    """
    found: dict[str, dict[str, float | str]] = {}
    for name, (_, unit, _) in QUANTITIES.items():
        at, values = series(samples, name)
        late = at >= warm_up
        blocks = defaultdict[int, list[float]](list)
        for moment, value in zip(at[late], values[late], strict=True):
            blocks[int(moment // BLOCK)].append(value)
        if len(blocks) < 3:
            continue
        middle = [float(np.median(block)) for block in blocks.values()]
        hours = np.array(list(blocks)) * BLOCK / 3600
        slope, _, low, high = theilslopes(middle, hours, alpha=0.95)
        found[name] = {
            "per_hour": float(slope),
            "low": float(low),
            "high": float(high),
            "median": float(np.median(values[late])),
            "largest": float(values[late].max()),
            "unit": unit,
        }
    return found


def describe(result: dict[str, Any]) -> str:
    """A table for people, in Markdown, and what was heard."""
    lines = [
        "| quantity | median | largest | slope per hour | 95 % interval |",
        "|---|---|---|---|---|",
    ]
    for name, found in result["slopes"].items():
        label, unit, _ = QUANTITIES[name]
        median, largest, slope, low, high = (
            f"{found[key]:.4g}" for key in ("median", "largest", "per_hour", "low", "high")
        )
        lines.append(f"| {label} | {median} {unit} | {largest} {unit} | {slope} | {low} … {high} |")
    heard = {key: value for key, value in result.items() if key not in ("samples", "slopes")}
    lines += ["", *(f"- {key}: {value}" for key, value in heard.items())]
    return "\n".join(lines)


def draw(result: dict[str, Any], path: Path) -> None:
    """All quantities over time, each in a plot of its own."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, plots = pyplot.subplots(5, 2, figsize=(10, 11), sharex=True, layout="constrained")
    for (name, (label, unit, _)), plot in zip(QUANTITIES.items(), plots.flat, strict=True):
        at, values = series(result["samples"], name)
        plot.plot(at / 60, values, ".", markersize=2, color="C0")
        found = result["slopes"].get(name)
        slope = f"{found['per_hour']:+.3g} {unit}/h" if found else "too short for a slope"
        plot.set_title(f"{label}: {slope}", fontsize=9)
        plot.set_ylabel(unit or "number")
        plot.set_ylim(0, max(1.1 * float(values.max(initial=0)), 1))
        plot.grid(alpha=0.3)
    for plot in plots[-1]:
        plot.set_xlabel("minutes")
    cameras, minutes = result["cameras"], result["minutes"]
    figure.suptitle(f"{cameras} cameras for {minutes:g} minutes, {result['drops']} drops of one")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
