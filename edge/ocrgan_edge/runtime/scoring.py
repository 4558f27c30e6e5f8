"""The one path from pixels to scores: source → model's clock → model's size → window → graph.

Daemon, calibration, training data and evaluation all take it, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.runtime.scorer import Scorer, Stepper, WindowScore
from ocrgan_edge.video.fit import fit
from ocrgan_edge.video.resample import frames_on_clock, longest_gap
from ocrgan_edge.video.source import Source
from ocrgan_edge.video.window import Window, WindowRing


@dataclass(frozen=True, slots=True)
class ScoredWindow:
    """A window's place in time and what the graph says about it."""

    end: int
    """Position of its newest frame on the model's clock, 0 first."""

    at: float
    """Media time of its newest frame in seconds."""

    result: WindowScore


def score_source(
    source: Source, scorer: Scorer, spec: InputSpec, hop: int
) -> Iterator[ScoredWindow]:
    """Scores a source to its end, a window every `hop` frames of the model's clock.

    Args:
        source: of any size and frame rate; stays open.
        scorer: of the bundle that `spec` is from.
        spec: window length, size and frame rate.
        hop: new frames between two windows, 1 … T.

    Raises:
        SourceError: the source cannot be read to its end.
    """
    end: int | None = None
    for window in windows(source, spec, hop):
        if isinstance(scorer, Stepper):
            result = scorer.follow(window.frames, window.new_since(end))
        else:
            result = scorer.score(window.frames)
        end = window.end
        yield ScoredWindow(end, window.at, result)


def windows(source: Source, spec: InputSpec, hop: int) -> Iterator[Window]:
    """Windows as the graph sees them; each is a view that is valid until the next."""
    ring = WindowRing(
        (spec.frames, spec.height, spec.width), hop, longest_gap(spec.frames_per_second)
    )
    for frame in frames_on_clock(source, spec.frames_per_second):
        fit(frame.image, spec.height, spec.width, out=ring.slot)
        window = ring.commit(frame.at)
        if window is not None:
            yield window


def raw_windows(source: Source, spec: InputSpec, hop: int) -> Iterator[NDArray[np.uint8]]:
    """Copies of the windows (T, H, W, 3), for INT8 ranges and golden windows."""
    for window in windows(source, spec, hop):
        yield window.frames.copy()
