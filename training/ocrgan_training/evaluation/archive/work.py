"""What a worker of a cluster does: one clip, from its file to its scores as bytes.

Every worker sees the clips and the bundle at the same paths as the machine that asks.
"""

from __future__ import annotations

import io
import socket
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.errors import BundleError, SourceError
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.video.open_source import open_source
from ocrgan_training.evaluation.clip_scores import GraphClip, LoadedGraph, score_clip
from ocrgan_training.evaluation.counted_source import CountedSource
from ocrgan_training.evaluation.protocol import ClipScores

MAPS = (0, 0, 0)
"""Shape of the maps that are not kept: they are larger than all the rest."""


@dataclass(frozen=True, slots=True)
class Job:
    """How every clip of an archive is scored."""

    bundle: str
    """Path."""
    sha256: str
    """Of the bundle: a worker that sees another file refuses."""
    target: str
    hop: int
    """New frames between two windows."""
    threads: int = 1
    """Processors for one window: workers are many already."""
    frames_per_second: float | None = None
    """At which clips were recorded that do not say it themselves."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of one clip."""

    clip: str
    worker: str
    """Host that scored it."""
    scores: bytes = b""
    """`to_bytes` of its scores."""
    error: str | None = None
    """Why there are none."""


def score(job: Job, clip: str, path: str) -> Scored:
    """Scores one clip; a clip that cannot be read is an answer too.

    Raises:
        BundleError: the bundle is not the one that was asked for.
    """
    graph = _graph(job)
    host = socket.gethostname()
    try:
        source = open_source(path, frames_per_second=job.frames_per_second)
        with closing(CountedSource(source)) as counted:
            return Scored(clip, host, to_bytes(score_clip(graph, counted, job.hop)))
    except SourceError as error:
        return Scored(clip, host, error=str(error))


@lru_cache(maxsize=1)
def _graph(job: Job) -> LoadedGraph:
    """Loaded once in every worker."""
    bundle = open_bundle(Path(job.bundle))
    if bundle.sha256 != job.sha256:
        raise BundleError(f"{job.bundle} is not the same bundle here: its SHA-256 differs")
    return LoadedGraph(
        scorer=open_scorer(bundle, job.target, job.threads),
        spec=bundle.manifest.input,
        statistics=bundle.statistics(job.target),
    )


def to_bytes(clip: GraphClip) -> bytes:
    """Scores as an `.npz` without pickle; maps are left out."""
    windows = clip.windows
    arrays: dict[str, NDArray[np.generic]] = {
        "end": windows.end,
        "at": windows.at,
        "score": windows.score,
        "frame_scores": windows.frame_scores.astype(np.float32),
        "seed": clip.seed,
        "raw_terms": clip.raw_terms.astype(np.float32),
        "unusual_terms": clip.unusual_terms.astype(np.float32),
        "facts": np.array(
            [windows.frames, windows.frames_per_second, windows.clock, clip.seconds], np.float64
        ),
    }
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    return packed.getvalue()


def from_bytes(packed: bytes) -> GraphClip:
    """The inverse of `to_bytes`, with no maps."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        frames, rate, clock, seconds = arrays["facts"].tolist()
        windows = ClipScores(
            frames=int(frames),
            frames_per_second=rate,
            clock=clock,
            end=arrays["end"],
            at=arrays["at"],
            score=arrays["score"],
            frame_scores=arrays["frame_scores"].astype(np.float64),
        )
        return GraphClip(
            windows=windows,
            seed=arrays["seed"],
            raw_terms=arrays["raw_terms"].astype(np.float64),
            unusual_terms=arrays["unusual_terms"].astype(np.float64),
            maps=np.zeros(MAPS, np.float32),
            seconds=seconds,
        )
