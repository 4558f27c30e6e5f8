"""How every picture looks: colours that the colour-blind can tell apart, and how it is saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

Form = Literal["png", "pdf", "svg"]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#999999")
"""Okabe and Ito's (2008), the strongest first."""
NORMAL, ABNORMAL = COLOURS[0], COLOURS[1]
DPI = 150

_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "pdf.fonttype": 42,  # text stays text
    "svg.fonttype": "none",
    "svg.hashsalt": "ocrgan",  # the same figure gives the same file
    "axes.prop_cycle": cycler(color=COLOURS),
}


@contextmanager
def style() -> Iterator[None]:
    """Everything drawn inside looks the same."""
    with mpl.rc_context(_STYLE):
        yield


def save(figure: Figure, folder: Path, name: str, form: Form) -> Path:
    """Writes a picture; gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.{form}"
    figure.savefig(path, dpi=DPI)
    return path
