"""From a detector's scores to its figures, whichever detector it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ocrgan_edge.detection.alarm import AlarmRule, release_level
from ocrgan_edge.detection.threshold import Wish
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


@dataclass(frozen=True)
class Settings:
    """How to evaluate."""

    hop: int = 1
    """New frames between two windows."""

    protocols: tuple[Protocol, ...] = PROTOCOLS
    sigma: float = SIGMA
    """Frames, of the smoothing in the protocols `paper` and `paper-minmax`."""

    minimum_duration: float = 0.8
    """Seconds above the threshold that an alarm takes."""

    cool_down: float = 2.0
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
    rule: AlarmRule | None,
    data: DataSet,
    settings: Settings,
) -> Measured:
    """Fills in a row.

    Args:
        row: the detector's name, kind, speed and what else is known already.
        clips: its scores.
        rule: its alarm, where it has a threshold.
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
    if rule is None:
        return Measured(replace(row, frames=frames), clips)
    alarms = {name: clip_alarms(clip, labels[name], rule) for name, clip in clips.items()}
    full = replace(
        row,
        frames=frames,
        alarms=alarm_figures(alarms, labels, rule.threshold),
        kinds=kind_figures(alarms, data.kinds),
    )
    return Measured(full, clips, alarms)


def causal_auc(clips: Mapping[str, ClipScores], labels: Mapping[str, Labels]) -> float | None:
    """Micro AUC of the causal protocol alone."""
    return frame_figures({name: causal(clip) for name, clip in clips.items()}, labels).auc
