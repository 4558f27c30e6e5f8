"""A bundle's graph over a data set: the shipped score, the published score, each term alone."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ocrgan_edge.bundle import Bundle
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.video.open_source import open_source
from ocrgan_training.evaluation.clip_scores import GraphClip, LoadedGraph, score_clip
from ocrgan_training.evaluation.counted_source import CountedSource
from ocrgan_training.evaluation.data_set import DataSet
from ocrgan_training.evaluation.measure import Measured, Settings, Told, causal_auc, measure
from ocrgan_training.evaluation.pixels import PixelSample
from ocrgan_training.evaluation.report import Row, TermFigures


@dataclass(frozen=True, eq=False)
class MeasuredGraph:
    """What was found for one target."""

    shipped: Measured
    seed: Measured
    terms: dict[str, TermFigures]


def measure_graph(
    bundle: Bundle, target: str, data: DataSet, settings: Settings, told: Told
) -> MeasuredGraph:
    """Scores every clip with one graph, as the daemon does, and compares with the labels.

    Raises:
        BundleError: the graph fails its self-test.
        DataError: labels or masks are not for the clips' number of frames.
        SourceError: a clip cannot be read.
    """
    graph = LoadedGraph(
        scorer=open_scorer(bundle, target, settings.threads),
        spec=bundle.manifest.input,
        statistics=bundle.statistics(target),
    )
    clips, pixel_auc = _score_clips(graph, data, settings, told)
    windows = {name: clip.windows for name, clip in clips.items()}
    count = sum(clip.score.size for clip in windows.values())
    seconds = sum(clip.seconds for clip in clips.values())
    row = Row(
        name=target,
        kind="graph",
        pixel_auc=pixel_auc,
        windows=count,
        windows_per_second=count / seconds if seconds else None,
    )
    calibration = bundle.target(target).calibration
    rule = settings.rule(calibration.threshold, calibration.median)
    seeds = {name: clip.windows.with_score(clip.seed) for name, clip in clips.items()}
    return MeasuredGraph(
        shipped=measure(row, windows, rule, data, settings),
        seed=measure(Row(f"seed score of {target}", "seed"), seeds, None, data, settings),
        terms=_terms(bundle.manifest.terms, clips, data),
    )


def _score_clips(
    graph: LoadedGraph, data: DataSet, settings: Settings, told: Told
) -> tuple[dict[str, GraphClip], float | None]:
    pixels = PixelSample(data.pixel_stride)
    clips: dict[str, GraphClip] = {}
    for name, path in data.clips.items():
        clip = _score_clip(graph, path, settings.hop, told)
        data.labels_of(name, clip.windows.frames)
        masks = data.masks_of(name, clip.windows.frames)
        if masks is not None:
            pixels.add(clip.windows, clip.maps, masks)
        # maps are the only thing that would fill the memory: they last for one clip
        clips[name] = replace(clip, maps=clip.maps[:0])
    return clips, pixels.auc()


def _score_clip(graph: LoadedGraph, path: Path, hop: int, told: Told) -> GraphClip:
    with closing(CountedSource(open_source(str(path)), told)) as source:
        return score_clip(graph, source, hop)


def _terms(
    names: tuple[str, ...], clips: dict[str, GraphClip], data: DataSet
) -> dict[str, TermFigures]:
    labels = {name: data.labels_of(name, clip.windows.frames) for name, clip in clips.items()}

    def alone(values: str, k: int) -> float | None:
        scored = {
            name: clip.windows.with_score(np.asarray(getattr(clip, values))[:, k])
            for name, clip in clips.items()
        }
        return causal_auc(scored, labels)

    return {
        term: TermFigures(raw=alone("raw_terms", k), by_place=alone("unusual_terms", k))
        for k, term in enumerate(names)
    }
