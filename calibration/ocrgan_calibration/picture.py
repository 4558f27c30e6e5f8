"""A picture of normal life's scores: their distribution, the tail, and the threshold."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.threshold import Threshold
from ocrgan_edge.whole_file import write_whole

BINS = 60
MISSING = "no picture will be drawn: that needs matplotlib (pip install matplotlib)"


def can_draw() -> bool:
    """Whether matplotlib is there, which a device does without."""
    return find_spec("matplotlib") is not None


def draw(path: Path, runs: Sequence[NDArray[np.float64]], threshold: Threshold) -> None:
    """Draws what a threshold was read from, whole or not at all.

    Args:
        path: PNG file.
        runs: window scores of normal life.
        threshold: that was read from them.

    Raises:
        OSError: the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    scores = np.concatenate(list(runs))
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.hist(scores, BINS, color="0.75", log=True)
    for value, text, style in (
        (threshold.median, "median", ":"),
        (threshold.level, "the tail begins", "-."),
        (threshold.estimate, "threshold, most likely", "--"),
        (threshold.value, "threshold, upper 95 % bound", "-"),
    ):
        axes.axvline(value, color="black", linestyle=style, label=f"{text}: {value:.3g}")
    axes.set_xlabel("score of a window")
    axes.set_ylabel("windows")
    axes.set_title(
        f"{threshold.minutes:.1f} minutes of normal video, {threshold.windows} windows, "
        f"{threshold.peaks} peaks"
    )
    axes.legend()
    png = io.BytesIO()
    figure.savefig(png, dpi=120, format="png")
    write_whole(path, png.getvalue())
