"""The golden windows: a bundle carries a few windows and what its graphs said about them.

A machine on which a graph says something else must not use it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.bundle import Bundle, Target
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.scorer import Scorer

FLOAT_TOLERANCE = 1e-3
"""Of a float graph, relative to the score (of at least 1)."""

INT8_TOLERANCE = 0.05
"""Of an INT8 graph, relative to the score plus 1: processors round differently."""


def golden_scores(scorer: Scorer, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Scores of golden windows (N, T, H, W, 3), (N,): what a bundle's maker stores."""
    return np.array([scorer.score(window).score for window in frames], np.float32)


def golden_windows(bundle: Bundle) -> NDArray[np.uint8]:
    """The bundle's golden windows (N, T, H, W, 3), as they are: `self_test` checks them.

    Raises:
        BundleError: it has none.
    """
    frames = bundle.arrays(bundle.manifest.golden).get("frames", np.empty(0))
    if frames.ndim != 5 or not len(frames):
        raise BundleError(f"bundle {bundle.path} has no golden windows")
    return frames.astype(np.uint8, copy=False)


def self_test(bundle: Bundle, scorer: Scorer) -> float:
    """Scores the bundle's golden windows and compares; gives the largest difference.

    The scorer must use the bundle's own statistics.

    Raises:
        BundleError: the golden windows are missing or of another shape, a value is not finite, or
            a score differs by more than the tolerance; the message has the numbers.
    """
    target = bundle.target(scorer.target)
    frames, wanted = _golden(bundle, scorer.target)
    found = golden_scores(scorer, frames)
    difference = np.abs(found - wanted)
    allowed = golden_tolerance(target, wanted)
    if not (difference <= allowed).all():
        worst = int(np.argmax(difference - allowed))
        raise BundleError(
            f"bundle {bundle.path}: {scorer.target} fails its self-test on this machine: golden "
            f"window {worst} scores {found[worst]:.4f} instead of {wanted[worst]:.4f} "
            f"(allowed: {allowed[worst]:.4f})"
        )
    return float(difference.max())


def _golden(bundle: Bundle, target: str) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    member = bundle.manifest.golden
    arrays = bundle.arrays(member)
    spec = bundle.manifest.input
    name = f"score/{target}"
    if "frames" not in arrays or name not in arrays:
        raise BundleError(f"bundle {bundle.path}: {member} has no golden windows for {target}")
    frames, scores = arrays["frames"], arrays[name]
    window = (spec.frames, spec.height, spec.width, 3)
    if frames.dtype != np.uint8 or frames.shape != (*scores.shape, *window) or not len(frames):
        raise BundleError(
            f"bundle {bundle.path}: golden windows are {frames.dtype} {frames.shape} with "
            f"{scores.shape} scores, but uint8 (N, {', '.join(map(str, window))}) are wanted"
        )
    if not np.isfinite(scores).all():
        raise BundleError(f"bundle {bundle.path}: golden scores of {target} are not finite")
    return frames.astype(np.uint8, copy=False), scores.astype(np.float32)


def golden_tolerance(target: Target, scores: NDArray[np.float32]) -> NDArray[np.floating]:
    """How far another machine's scores may be from these (N,), (N,), above 0."""
    if target.golden_tolerance is not None:
        return np.full_like(scores, target.golden_tolerance)
    if target.precision == "int8":
        return INT8_TOLERANCE * (np.abs(scores) + 1)
    return FLOAT_TOLERANCE * np.maximum(np.abs(scores), 1)
