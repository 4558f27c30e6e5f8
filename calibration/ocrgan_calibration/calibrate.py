"""From a graph and recordings of normal life to the constants of its score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.bundle import Calibration, InputSpec
from ocrgan_edge.detection.explain import RECENT
from ocrgan_edge.detection.picture_parts import part_scores
from ocrgan_edge.detection.term_statistics import TermStatistics
from ocrgan_edge.detection.threshold import (
    Threshold,
    Wish,
    extrapolation_warning,
    threshold_for,
)
from ocrgan_edge.runtime.scorer import LocationStatistics, Scorer
from ocrgan_edge.runtime.scoring import ScoredWindow, score_source
from ocrgan_edge.video.clips import list_clips
from ocrgan_edge.video.normal_clips import share_out
from ocrgan_edge.video.open_source import open_source

Told = Callable[[str], None]
"""Is told each clip's name when it has been scored."""


@dataclass(frozen=True)
class NormalClips:
    """Recordings of normal life, shared out by clip."""

    statistics: Mapping[str, Path]
    """For what is usual at each place; the network may have been trained on them."""

    threshold: Mapping[str, Path]
    """For the threshold: clips that nothing was trained on."""

    source: str
    """Where they are from, for a person to read."""


@dataclass(frozen=True)
class Plan:
    """How to calibrate."""

    spec: InputSpec
    """What the graph takes."""

    hop: int = 4
    """New frames between two windows, as the daemon will run."""

    wish: Wish = field(default_factory=Wish)
    recent: int = RECENT
    """Newest frames of a window that its score is made of."""


def normal_clips(data: Path) -> NormalClips:
    """The normal clips of DIR/train: the held-out ones for the threshold, the others for places.

    Raises:
        DataError: there are none.
        SourceError: there is one alone, and it cannot be read.
    """
    learned, held_out = share_out(list_clips(data / "train"))
    count = len(learned) + len(held_out)
    source = f"{data.resolve().name}/train: {', '.join(held_out)} of {count} clips"
    return NormalClips(learned, held_out, source)


def calibrate(
    scorer: Scorer,
    clips: NormalClips,
    plan: Plan,
    statistics: LocationStatistics | None = None,
    told: Told = lambda name: None,
) -> tuple[LocationStatistics, Calibration]:
    """Measures what is usual at each place, then the threshold under it.

    The scorer uses the new statistics afterwards.

    Args:
        scorer: any graph of the bundle.
        clips: of normal life.
        plan: hop, wished rate and input.
        statistics: keep these instead of measuring new ones.
        told: for progress.

    Raises:
        DataError: the clips are too few or too short.
        SourceError: one cannot be read.
    """
    used = statistics or measure_places(scorer, clips.statistics, plan, told)
    scorer.use(used)
    scores = normal_scores(scorer, clips.threshold, plan, told)
    threshold = threshold_for(scores, plan.hop / plan.spec.frames_per_second, plan.wish)
    return used, calibration_of(threshold, plan, clips.source)


def measure_places(
    scorer: Scorer, clips: Mapping[str, Path], plan: Plan, told: Told = lambda name: None
) -> LocationStatistics:
    """Statistics of the raw terms, which do not depend on those that the scorer has now."""
    gathered = TermStatistics(plan.recent)
    for name, path in clips.items():
        for window in _windows(scorer, path, plan):
            gathered.add(window.result.terms)
        told(name)
    return gathered.statistics()


def normal_scores(
    scorer: Scorer, clips: Mapping[str, Path], plan: Plan, told: Told = lambda name: None
) -> list[NDArray[np.float64]]:
    """Scores of the picture's parts, (windows, parts) of each clip, by the scorer's statistics."""
    scores = []
    for name, path in clips.items():
        found = [part_scores(each.result, plan.recent) for each in _windows(scorer, path, plan)]
        scores.append(np.array(found))
        told(name)
    return scores


def calibration_of(threshold: Threshold, plan: Plan, source: str) -> Calibration:
    """A bundle's entry, with a warning where the recordings are shorter than the wish."""
    return Calibration(
        threshold=threshold.value,
        median=threshold.median,
        false_alarms_per_day=plan.wish.false_alarms_per_day,
        windows=threshold.windows,
        minutes=threshold.minutes,
        hop=plan.hop,
        source=source,
        warning=extrapolation_warning(threshold, plan.wish),
    )


def _windows(scorer: Scorer, path: Path, plan: Plan) -> Iterator[ScoredWindow]:
    with closing(open_source(str(path))) as source:
        yield from score_source(source, scorer, plan.spec, plan.hop)
