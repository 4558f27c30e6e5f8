"""How well scores tell normal from abnormal: areas, rates, bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

Scores = NDArray[np.float64]
Labels = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FrameFigures:
    """Detection per frame, over a whole data set; None where it has only one class."""

    auc: float | None
    """Micro: all frames of all clips together."""
    macro_auc: float | None
    """Mean over the clips that have both classes."""
    average_precision: float | None
    equal_error_rate: float | None


def frame_figures(scores: Mapping[str, Scores], labels: Mapping[str, Labels]) -> FrameFigures:
    """Figures over clips.

    Args:
        scores: per clip (frames,); −inf where there is no evidence yet, which counts as the lowest.
        labels: the same clips, (frames,), True where abnormal.
    """
    finite = lowest_for_unknown(scores)
    together = np.concatenate([finite[name] for name in sorted(finite)])
    truth = np.concatenate([labels[name] for name in sorted(finite)])
    of_clips = [auc(finite[name], labels[name]) for name in sorted(finite)]
    known = [value for value in of_clips if value is not None]
    both = truth.any() and not truth.all()
    return FrameFigures(
        auc=auc(together, truth),
        macro_auc=float(np.mean(known)) if known else None,
        average_precision=float(average_precision_score(truth, together)) if both else None,
        equal_error_rate=equal_error_rate(together, truth) if both else None,
    )


def lowest_for_unknown(scores: Mapping[str, Scores]) -> dict[str, Scores]:
    """Puts −inf (no evidence yet) just below the lowest score of all clips."""
    known = [clip[np.isfinite(clip)] for clip in scores.values()]
    lowest = min((float(clip.min()) for clip in known if clip.size), default=1.0) - 1.0
    return {name: np.where(np.isfinite(clip), clip, lowest) for name, clip in scores.items()}


def auc(scores: Scores, labels: Labels) -> float | None:
    """Chance that an abnormal frame scores above a normal one (ties half); None for one class."""
    if labels.all() or not labels.any():
        return None
    return float(roc_auc_score(labels, scores))


def equal_error_rate(scores: Scores, labels: Labels) -> float:
    """The rate at which false alarms and misses are equally frequent, between measured points."""
    false, true, _ = roc_curve(labels, scores, drop_intermediate=False)
    return float(np.interp(0.0, false - (1 - true), false))


def poisson_upper_bound(count: int, confidence: float = 0.95) -> float:
    """The mean that would give `count` events or fewer with probability 1 − confidence.

    One-sided; 0 events give 3.0 at 95 % (Garwood 1936).
    """
    return float(chi2.ppf(confidence, 2 * (count + 1)) / 2)


def runs(marked: Labels) -> list[tuple[int, int]]:
    """Unbroken stretches of True as (first, one past the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]
