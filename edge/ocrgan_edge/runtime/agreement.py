"""How far two targets of a bundle say the same about the same windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.runtime.scorer import WindowScore

SPEARMAN = 0.99
"""Rank correlation of INT8's scores with FP32's that an INT8 graph ought to reach."""


def agreement(
    reference: Sequence[WindowScore],
    found: Sequence[WindowScore],
    thresholds: tuple[float, float],
) -> dict[str, float]:
    """How far two targets say the same about the same windows, each with its own statistics.

    Args:
        reference: of the target to agree with.
        found: of the target in question.
        thresholds: of both.

    Returns:
        `spearman_windows`, `spearman_frames`: rank correlations, 1 where nothing differs;
        `largest_difference` of window scores; `alarm_agreement`: share of windows that are both
        above or both below their threshold.
    """
    scores = [np.array([score.score for score in scores]) for scores in (reference, found)]
    frames = [np.concatenate([score.frame_scores for score in s]) for s in (reference, found)]
    above = [values > threshold for values, threshold in zip(scores, thresholds, strict=True)]
    return {
        "spearman_windows": rank_correlation(*scores),
        "spearman_frames": rank_correlation(*frames),
        "largest_difference": float(np.abs(scores[0] - scores[1]).max()),
        "alarm_agreement": float(np.mean(above[0] == above[1])),
        "windows": float(len(reference)),
    }


def rank_correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Spearman's, -1 … 1; 1 where all values are the same in both, 0 where they are in one alone.

    Source: Spearman 1904; equal values share the mean of their ranks.
    """
    constant = [np.ptp(values) == 0 for values in (one, other)]
    if any(constant):
        return float(all(constant))
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: NDArray[np.floating]) -> NDArray[np.floating]:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: NDArray[np.floating] = (last - (count - 1) / 2)[place]
    return ranks
