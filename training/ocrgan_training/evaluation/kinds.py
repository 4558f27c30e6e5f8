"""Detection by kind of anomaly, where the data set says what happens (rendered scenes do)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ocrgan_edge.errors import DataError
from ocrgan_training.evaluation.alarms import ClipAlarms, first_alarm

ANOMALIES = "anomalies.json"


@dataclass(frozen=True, slots=True)
class KindInterval:
    """One anomaly of a clip, in seconds of media time."""

    kind: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class KindFigures:
    """How well anomalies of one kind are found."""

    events: int
    found: int
    median_delay: float | None
    """Seconds, of those found."""


def load_kinds(folder: Path) -> dict[str, tuple[KindInterval, ...]]:
    """Anomalies per clip from `anomalies.json`; none where there is no such file.

    Raises:
        DataError: the file is not what `ocrgan-scene` writes.
    """
    path = folder / ANOMALIES
    if not path.exists():
        return {}
    try:
        fields = json.loads(path.read_text())
        return {clip: tuple(_interval(item) for item in items) for clip, items in fields.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is not what ocrgan-scene writes ({error!r})") from error


def kind_figures(
    clips: Mapping[str, ClipAlarms], kinds: Mapping[str, tuple[KindInterval, ...]]
) -> dict[str, KindFigures]:
    """Events, those found and their median delay, by kind in alphabetic order."""
    delays: dict[str, list[float | None]] = {}
    for name, clip in clips.items():
        for interval in kinds.get(name, ()):
            raised = first_alarm(clip.true, interval.start, interval.end)
            delay = None if raised is None else max(0.0, raised - interval.start)
            delays.setdefault(interval.kind, []).append(delay)
    return {kind: _figures(delays[kind]) for kind in sorted(delays)}


def _figures(delays: list[float | None]) -> KindFigures:
    found = [delay for delay in delays if delay is not None]
    return KindFigures(len(delays), len(found), float(np.median(found)) if found else None)


def _interval(item: Mapping[str, float | str]) -> KindInterval:
    return KindInterval(str(item["kind"]), float(item["start"]), float(item["end"]))
