"""From a detector's scores to its figures, whichever detector it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.alarm import COOL_DOWN, MINIMUM_DURATION, AlarmRule, release_level
from ocrgan_edge.detection.threshold import Wish, silent_threshold
from ocrgan_edge.errors import DataError
from ocrgan_training.evaluation.alarms import ClipAlarms, alarm_figures, clip_alarms
from ocrgan_training.evaluation.data_set import DataSet
from ocrgan_training.evaluation.kinds import kind_figures
from ocrgan_training.evaluation.metrics import Labels, frame_figures
from ocrgan_training.evaluation.protocol import (
    PROTOCOLS,
    SIGMA,
    ClipScores,
    Protocol,
    causal,
    frame_scores,
)
from ocrgan_training.evaluation.report import Row

Told = Callable[[], None]
"""Is told every frame that was decoded."""
MARGINS = (1.0, 1.25, 1.5, 2.0, 3.0)
"""Distances from the median of normal life in those of the lowest silent threshold. Beside each
other they show how much detection hangs on where a threshold lies; none is chosen."""


@dataclass(frozen=True)
class Settings:
    """How to evaluate."""

    hop: int = 1
    """New frames between two windows."""

    protocols: tuple[Protocol, ...] = PROTOCOLS
    sigma: float = SIGMA
    """Frames, of the smoothing in the protocols `paper` and `paper-minmax`."""

    minimum_duration: float = MINIMUM_DURATION
    """Seconds above the threshold that an alarm takes."""

    cool_down: float = COOL_DOWN
    """Seconds below the release that its end takes."""

    threads: int | None = None
    """Processors for one window."""

    def wish(self, false_alarms_per_day: float) -> Wish:
        """The alarm that thresholds are read for."""
        return Wish(false_alarms_per_day, self.minimum_duration, self.cool_down)

    def rule(self, threshold: float, median: float) -> AlarmRule:
        """The daemon's alarm at a threshold, `median` being the normal score."""
        release = release_level(threshold, median)
        return AlarmRule(threshold, release, self.minimum_duration, self.cool_down)


@dataclass(frozen=True)
class Rules:
    """A detector's alarms, as far as there is a threshold for them."""

    calibrated: AlarmRule | None = None
    """At the threshold that a user gets."""

    silent: Mapping[float, AlarmRule] = field(default_factory=dict)
    """At the lowest that raises nothing on held-out normal clips, and by `MARGINS` above it."""


@dataclass(frozen=True, eq=False)
class Measured:
    """A detector's figures and what they were made from."""

    row: Row
    clips: Mapping[str, ClipScores]
    alarms: Mapping[str, ClipAlarms] = field(default_factory=dict)
    """Empty where there is no threshold."""


def measure(
    row: Row,
    clips: Mapping[str, ClipScores],
    rules: Rules,
    data: DataSet,
    settings: Settings,
) -> Measured:
    """Fills in a row.

    Args:
        row: the detector's name, kind, speed and what else is known already.
        clips: its scores.
        rules: its alarms.
        data: for the labels.
        settings: which protocols.

    Raises:
        DataError: a clip has another number of frames than of labels.
    """
    labels = {name: data.labels_of(name, clip.frames) for name, clip in clips.items()}
    frames = {
        protocol: frame_figures(
            {name: frame_scores(clip, protocol, settings.sigma) for name, clip in clips.items()},
            labels,
        )
        for protocol in settings.protocols
    }
    row = replace(row, frames=frames)
    silent = {}
    for margin, rule in rules.silent.items():
        alarms = {name: clip_alarms(clip, labels[name], rule) for name, clip in clips.items()}
        silent[margin] = alarm_figures(alarms, labels, rule.threshold)
    row = replace(row, silent=silent)
    if rules.calibrated is None:
        return Measured(row, clips)
    rule = rules.calibrated
    alarms = {name: clip_alarms(clip, labels[name], rule) for name, clip in clips.items()}
    full = replace(
        row,
        alarms=alarm_figures(alarms, labels, rule.threshold),
        kinds=kind_figures(alarms, data.kinds),
    )
    return Measured(full, clips, alarms)


def silent_rules(
    normal: Sequence[NDArray[np.float64]], interval: float, settings: Settings
) -> dict[float, AlarmRule]:
    """The alarms at thresholds that raise nothing on normal clips, by margin.

    1 is the lowest such threshold; 2 lies twice as far above the median of normal life.

    Args:
        normal: their window scores, a clip each.
        interval: seconds between two windows.
        settings: for the alarm's durations.

    Returns:
        None at all where no clip is as long as an alarm.
    """
    try:
        lowest = silent_threshold(normal, interval, settings.wish(1.0))
    except DataError:
        return {}
    median = float(np.median(np.concatenate(list(normal))))
    return {
        margin: settings.rule(lowest + (margin - 1) * (lowest - median), median)
        for margin in MARGINS
    }


def causal_auc(clips: Mapping[str, ClipScores], labels: Mapping[str, Labels]) -> float | None:
    """Micro AUC of the causal protocol alone."""
    return frame_figures({name: causal(clip) for name, clip in clips.items()}, labels).auc
