"""One graph over a data set: the shipped score, the published score, each term alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.runtime.scorer import TERMS
from ocrgan_edge.runtime.scoring import score_source
from ocrgan_training.evaluation.clip_scores import GraphClip, LoadedGraph, score_clip
from ocrgan_training.evaluation.data_set import DataSet
from ocrgan_training.evaluation.measure import (
    Measured,
    Rules,
    Settings,
    Told,
    causal_auc,
    measure,
    silent_rules,
)
from ocrgan_training.evaluation.pixels import PixelSample
from ocrgan_training.evaluation.report import Row, TermFigures
from ocrgan_training.evaluation.subjects import Constants, Subject


class Scored(NamedTuple):
    """What a graph says about a data set."""

    clips: Mapping[str, GraphClip]
    """Test clips."""
    normal: Sequence[NDArray[np.float64]] = ()
    """Window scores of held-out normal clips, where they were scored too."""


@dataclass(frozen=True, eq=False)
class MeasuredGraph:
    """What was found for one subject."""

    shipped: Measured
    seed: Measured
    terms: dict[str, TermFigures]
    constants: Constants


def measure_graph(
    name: str, subject: Subject, data: DataSet, settings: Settings, told: Told
) -> MeasuredGraph:
    """Scores every clip with one graph, as the daemon does, and compares with the labels.

    Raises:
        DataError: labels or masks are not for the clips' number of frames.
        SourceError: a clip cannot be read.
    """
    clips, pixel_auc = _score_clips(subject.graph, data, settings, told)
    scored = Scored(clips, _score_held_out(subject.graph, data, settings))
    measured = figures_of(name, scored, subject.constants, data, settings)
    row = replace(measured.shipped.row, pixel_auc=pixel_auc)
    return replace(measured, shipped=replace(measured.shipped, row=row))


def figures_of(
    name: str,
    scored: Scored,
    constants: Constants,
    data: DataSet,
    settings: Settings,
) -> MeasuredGraph:
    """Figures of clips that have been scored, wherever that was."""
    clips = scored.clips
    windows = {clip: found.windows for clip, found in clips.items()}
    count = sum(clip.score.size for clip in windows.values())
    seconds = sum(clip.seconds for clip in clips.values())
    row = Row(
        name=name,
        kind="graph",
        windows=count,
        windows_per_second=count / seconds if seconds else None,
    )
    calibration = constants.calibration
    interval = settings.hop / next(iter(windows.values())).clock
    rules = Rules(
        settings.rule(calibration.threshold, calibration.median),
        silent_rules(scored.normal, interval, settings),
    )
    seeds = {clip: found.windows.with_score(found.seed) for clip, found in clips.items()}
    return MeasuredGraph(
        shipped=measure(row, windows, rules, data, settings),
        seed=measure(Row(f"seed score of {name}", "seed"), seeds, Rules(), data, settings),
        terms=_terms(clips, data),
        constants=constants,
    )


def _score_clips(
    graph: LoadedGraph, data: DataSet, settings: Settings, told: Told
) -> tuple[dict[str, GraphClip], float | None]:
    pixels = PixelSample(data.pixel_stride)
    clips: dict[str, GraphClip] = {}
    for name in data.clips:
        with closing(data.open(name, told)) as source:
            clip = score_clip(graph, source, settings.hop)
        data.labels_of(name, clip.windows.frames)
        masks = data.masks_of(name, clip.windows.frames)
        if masks is not None:
            pixels.add(clip.windows, clip.maps, masks)
        # maps are the only thing that would fill the memory: they last for one clip
        clips[name] = replace(clip, maps=clip.maps[:0])
    return clips, pixels.auc()


def _score_held_out(
    graph: LoadedGraph, data: DataSet, settings: Settings
) -> list[NDArray[np.float64]]:
    scores = []
    for path in data.held_out.values():
        with closing(data.open_path(path)) as source:
            found = [
                window.result.score
                for window in score_source(source, graph.scorer, graph.spec, settings.hop)
            ]
        scores.append(np.array(found, np.float64))
    return scores


def _terms(clips: Mapping[str, GraphClip], data: DataSet) -> dict[str, TermFigures]:
    labels = {name: data.labels_of(name, clip.windows.frames) for name, clip in clips.items()}

    def alone(values: str, k: int) -> float | None:
        scored = {
            name: clip.windows.with_score(np.asarray(getattr(clip, values))[:, k])
            for name, clip in clips.items()
        }
        return causal_auc(scored, labels)

    return {
        term: TermFigures(raw=alone("raw_terms", k), by_place=alone("unusual_terms", k))
        for k, term in enumerate(TERMS)
    }
