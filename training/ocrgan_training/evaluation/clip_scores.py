"""One clip through the daemon's own path: what a graph says about each of its windows."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.detection.explain import CLIP, RECENT, recent_map
from ocrgan_edge.runtime.scorer import LocationStatistics, Scorer
from ocrgan_edge.runtime.scoring import ScoredWindow, score_source
from ocrgan_training.evaluation.counted_source import CountedSource
from ocrgan_training.evaluation.protocol import ClipScores


@dataclass(frozen=True, eq=False)
class GraphClip:
    """What a graph says about one clip."""

    windows: ClipScores

    seed: NDArray[np.float64]
    """(n,), the published score."""

    raw_terms: NDArray[np.float64]
    """(n, K), each term's largest value over the map, mean of the newest frames."""

    unusual_terms: NDArray[np.float64]
    """(n, K), the same in units of what is usual at each place."""

    maps: NDArray[np.float32]
    """(n, h, w), the map that each score is the largest value of."""

    seconds: float
    """Of wall time from decoding to the last score."""


@dataclass(frozen=True, eq=False)
class LoadedGraph:
    """A graph ready to score, with what has to be known about it."""

    scorer: Scorer
    spec: InputSpec
    statistics: LocationStatistics


def score_clip(graph: LoadedGraph, source: CountedSource, hop: int) -> GraphClip:
    """Scores a clip from its first frame to its last.

    Args:
        graph: of one target.
        source: of the clip.
        hop: new frames between two windows.

    Raises:
        SourceError: the clip cannot be read to its end.
    """
    started = time.perf_counter()
    scored: list[tuple[ScoredWindow, NDArray[np.float32]]] = []
    terms: list[NDArray[np.float32]] = []
    for window in score_source(source, graph.scorer, graph.spec, hop):
        newest = window.result.terms[:, -RECENT:].mean(axis=1, dtype=np.float32)
        terms.append(np.stack([newest.max(axis=(1, 2)), _unusual(newest, graph.statistics)]))
        scored.append((window, recent_map(window.result.anomaly_map)))
    seconds = time.perf_counter() - started
    found = [window.result for window, _ in scored]
    count, grid = graph.statistics.mean.shape[0], graph.statistics.mean.shape[1:]
    by_term = np.array(terms, np.float64).reshape(len(terms), 2, count)
    return GraphClip(
        windows=ClipScores(
            frames=source.frames,
            frames_per_second=source.frames_per_second,
            clock=graph.spec.frames_per_second,
            end=np.array([window.end for window, _ in scored], np.int64),
            at=np.array([window.at for window, _ in scored], np.float64),
            score=np.array([result.score for result in found], np.float64),
            frame_scores=np.array([result.frame_scores for result in found], np.float64).reshape(
                len(found), len(found[0].frame_scores) if found else graph.spec.frames
            ),
        ),
        seed=np.array([result.seed for result in found], np.float64),
        raw_terms=by_term[:, 0],
        unusual_terms=by_term[:, 1],
        maps=np.array([place for _, place in scored], np.float32).reshape(len(scored), *grid),
        seconds=seconds,
    )


def _unusual(newest: NDArray[np.float32], statistics: LocationStatistics) -> NDArray[np.float32]:
    """(K,): each term's largest standardised value, from its raw map (K, h, w)."""
    standard = (newest - statistics.mean) / statistics.scale
    largest: NDArray[np.float32] = standard.clip(max=CLIP[1]).max(axis=(1, 2))
    return largest
