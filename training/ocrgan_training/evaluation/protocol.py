"""From window scores to frame scores: the rules that each figure is named after.

`causal` is the headline: frame t is scored by the newest window that ended at or before t. The
others look into the future or at the whole clip, as the literature does, and only compare with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Protocol = Literal["causal", "paper", "paper-minmax"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
SIGMA = 5.0
"""Frames, of the Gaussian that smooths over time in `paper` and `paper-minmax`."""
SAME_MOMENT = 1e-6
"""Seconds by which a window may end after a frame and still end at it: rounding."""


@dataclass(frozen=True, eq=False)
class ClipScores:
    """The scores of one clip's windows, and what is needed to give them to its frames."""

    frames: int
    """Frames of the recording."""

    frames_per_second: float
    """Of the recording."""

    clock: float
    """The model's frames per second, which `end` counts in."""

    end: NDArray[np.int64]
    """(n,), the windows' newest frames on the model's clock, increasing."""

    at: NDArray[np.float64]
    """(n,), media time of those frames in seconds."""

    score: NDArray[np.float64]
    """(n,)"""

    frame_scores: NDArray[np.float64]
    """(n, T), one score for each of a window's frames, oldest first."""

    def with_score(self, score: NDArray[np.floating]) -> ClipScores:
        """The same windows scored otherwise, each by one value (n,) for all its frames."""
        value = np.asarray(score, np.float64)
        spread = np.broadcast_to(value[:, None], self.frame_scores.shape)
        return replace(self, score=value, frame_scores=np.array(spread))

    @property
    def times(self) -> NDArray[np.float64]:
        """(frames,), media time of each frame of the recording in seconds."""
        return np.arange(self.frames) / self.frames_per_second

    @property
    def interval(self) -> float:
        """Seconds between two windows."""
        if self.end.size < 2:
            return 1 / self.clock
        return float(np.diff(self.end).min()) / self.clock


def frame_scores(clip: ClipScores, protocol: Protocol, sigma: float = SIGMA) -> NDArray[np.float64]:
    """Scores (frames,) of a clip's frames under a protocol."""
    if protocol == "causal":
        return causal(clip)
    smooth = smoothed(averaged(clip), sigma)
    return min_max(smooth) if protocol == "paper-minmax" else smooth


def newest_window(clip: ClipScores) -> NDArray[np.int64]:
    """(frames,): which window ended last at or before each frame; −1 before the first."""
    newest = np.searchsorted(clip.at, clip.times + SAME_MOMENT, side="right") - 1
    return newest.astype(np.int64)


def causal(clip: ClipScores) -> NDArray[np.float64]:
    """Each frame gets the newest score known at it; −inf (no evidence) before the first window."""
    newest = newest_window(clip)
    if not clip.score.size:
        return np.full(clip.frames, -np.inf)
    return np.where(newest >= 0, clip.score[newest], -np.inf)


def averaged(clip: ClipScores) -> NDArray[np.float64]:
    """Mean over all windows that hold a frame, later ones too; uncovered frames take the nearest's.

    What a window holds from before the clip's first frame (mirrored ones) counts for no frame. A
    clip without windows gets −inf.
    """
    windows, length = clip.frame_scores.shape
    if not windows:
        return np.full(clip.frames, -np.inf)
    ticks = clip.end[:, None] - np.arange(length - 1, -1, -1)
    real = ticks >= 0
    total = np.bincount(ticks[real], clip.frame_scores[real])
    count = np.bincount(ticks[real])
    covered = np.flatnonzero(count)
    mean = total[covered] / count[covered]
    wanted = np.rint(clip.times * clip.clock)
    after = np.clip(np.searchsorted(covered, wanted), 0, covered.size - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.abs(covered[before] - wanted) < np.abs(covered[after] - wanted)
    return np.asarray(mean[np.where(nearer, before, after)])


def smoothed(scores: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Gaussian over time, `sigma` in frames; reaches into the future. −inf stays."""
    if not np.isfinite(scores).all():
        return scores
    return np.asarray(gaussian_filter1d(scores, sigma, mode="nearest"), np.float64)


def min_max(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Onto 0 … 1 within the clip: looks at the whole clip before it scores a frame."""
    if not np.isfinite(scores).all():
        return scores
    low, high = float(scores.min()), float(scores.max())
    return (scores - low) / (high - low) if high > low else np.zeros_like(scores)
