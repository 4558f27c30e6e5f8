"""What an evaluation found, as values that go into JSON and tables."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ocrgan_training.evaluation.alarms import AlarmFigures
from ocrgan_training.evaluation.kinds import KindFigures
from ocrgan_training.evaluation.metrics import FrameFigures
from ocrgan_training.evaluation.protocol import Protocol

SCHEMA = 2


@dataclass(frozen=True)
class Row:
    """One detector's figures."""

    name: str
    kind: Literal["graph", "seed", "baseline"]

    frames: dict[Protocol, FrameFigures] = field(default_factory=dict)
    """By protocol."""

    pixel_auc: float | None = None
    """Causal, at the masks' resolution."""

    alarms: AlarmFigures | None = None
    """At the threshold calibrated from normal video alone."""

    silent: dict[float, AlarmFigures] = field(default_factory=dict)
    """At thresholds that raise nothing on held-out normal clips, by their distance from the median
    of normal life: 1 is the lowest such threshold, with no margin at all."""

    kinds: dict[str, KindFigures] = field(default_factory=dict)
    """Of rendered scenes: recall and delay by kind of anomaly."""

    windows: int = 0
    windows_per_second: float | None = None
    """From decoding to the score."""


@dataclass(frozen=True)
class TermFigures:
    """What one term would detect alone: causal micro AUC of its largest value over the map."""

    raw: float | None
    by_place: float | None
    """In units of what is usual at each place."""


@dataclass(frozen=True)
class Agreement:
    """How well a graph agrees with the reference graph on these clips."""

    reference: str
    spearman: float
    """Rank correlation of window scores."""
    largest_difference: float
    """Of a window's score."""
    auc_difference: float | None
    alarm_agreement: float
    """Share of frames with an alarm on in both or in neither."""


@dataclass(frozen=True)
class Report:
    """All of it."""

    bundle: str
    data: str
    created: str
    """ISO 8601, UTC."""
    hop: int
    sigma: float
    """Frames, of the smoothing in the protocols `paper` and `paper-minmax`."""
    minimum_duration: float
    """Seconds above the threshold that an alarm takes."""
    cool_down: float
    """Seconds below the release that its end takes."""
    clips: int
    frames: int
    abnormal_frames: int
    labelled: bool
    pixel_stride: int | None
    """Every how manieth row and column the pixel AUC compares."""
    rows: list[Row]
    terms: dict[str, dict[str, TermFigures]]
    """By target, then by term."""
    agreements: dict[str, Agreement]
    """By target."""
    versions: dict[str, str]
    notes: list[str]
    """What a reader of the figures has to know."""
    schema: int = SCHEMA

    def row(self, name: str) -> Row:
        """One detector's row."""
        return next(row for row in self.rows if row.name == name)


def write_json(report: Report, path: Path) -> None:
    """Writes a report; figures that are not known are null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_plain(asdict(report)), indent=1) + "\n")


def _plain(value: Any) -> Any:
    """JSON has no NaN: what is no number becomes null."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
