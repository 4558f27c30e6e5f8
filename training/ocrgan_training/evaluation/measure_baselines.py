"""The baselines over the same data set, with thresholds read by the same rule."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ocrgan_edge.detection.threshold import threshold_for
from ocrgan_edge.errors import DataError
from ocrgan_training.evaluation.baselines import Image, detectors, first_pictures, score_clip
from ocrgan_training.evaluation.counted_source import CountedSource
from ocrgan_training.evaluation.data_set import DataSet
from ocrgan_training.evaluation.measure import (
    Measured,
    Rules,
    Settings,
    Told,
    measure,
    silent_rules,
)
from ocrgan_training.evaluation.protocol import ClipScores
from ocrgan_training.evaluation.report import Row

ByDetector = dict[str, dict[str, ClipScores]]
"""Baseline's name → clip's name → scores."""


def measure_baselines(
    data: DataSet, clock: float, false_alarms_per_day: float, settings: Settings, told: Told
) -> list[Measured]:
    """Measures both baselines.

    Args:
        data: their thresholds come from its held-out normal clips; without, they have none.
        clock: frames per second on which they run: the model's.
        false_alarms_per_day: wished for.
        settings: as for the graphs.
        told: for progress.
    """
    background = first_pictures(_sources(data), clock)
    started = time.perf_counter()
    scores = _score(data, data.clips, _Pass(clock, background, told))
    seconds = time.perf_counter() - started
    normal = _score(data, data.held_out, _Pass(clock, background, told))
    rules = _rules(normal, clock, false_alarms_per_day, settings)
    measured = []
    for name, clips in scores.items():
        count = sum(clip.score.size for clip in clips.values())
        # both share one decoding pass, so their speed is that of both together
        row = Row(name, "baseline", windows=count, windows_per_second=count / seconds)
        measured.append(measure(row, clips, rules.get(name, Rules()), data, settings))
    return measured


@dataclass(frozen=True)
class _Pass:
    """How a clip is gone through."""

    clock: float
    background: list[Image]
    told: Told


def _score(data: DataSet, clips: Mapping[str, Path], how: _Pass) -> ByDetector:
    scores: ByDetector = {}
    for clip, path in clips.items():
        with closing(data.open_path(path, how.told)) as source:
            for name, found in score_clip(source, how.clock, detectors(how.background)).items():
                scores.setdefault(name, {})[clip] = found
    return scores


def _rules(
    normal: ByDetector, clock: float, false_alarms_per_day: float, settings: Settings
) -> dict[str, Rules]:
    rules = {}
    for name, clips in normal.items():
        scores = [clip.score for clip in clips.values()]
        try:
            threshold = threshold_for(scores, 1 / clock, settings.wish(false_alarms_per_day))
        except DataError:
            continue  # the held-out clips are too short for an alarm: no figures at a threshold
        rules[name] = Rules(
            settings.rule(threshold.value, threshold.median),
            silent_rules(scores, 1 / clock, settings),
        )
    return rules


def _sources(data: DataSet) -> Iterator[CountedSource]:
    for path in data.background.values():
        with closing(data.open_path(path)) as source:
            yield source
