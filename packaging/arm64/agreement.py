"""Whether two machines give the same windows the same scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ocrgan_edge.bundle import Target
from ocrgan_edge.runtime.self_test import golden_tolerance


@dataclass(frozen=True)
class Agreement:
    """How far scores of the same windows are from each other."""

    windows: int
    largest: float
    """Largest difference; infinite where a score is missing or not finite."""
    allowed: float
    """At the window that is nearest to its tolerance, or farthest above it."""
    good: bool
    """Every window within its own tolerance."""

    def __str__(self) -> str:
        """For a person."""
        return f"largest difference {self.largest:.2g} (allowed {self.allowed:.2g})"


def agree(target: Target, found: Sequence[float], wanted: Sequence[float]) -> Agreement:
    """Compares by the tolerance of the bundle's self-test.

    Args:
        target: the bundle's entry, which may state a tolerance of its own.
        found: scores, window by window.
        wanted: scores of the same windows by the machine to agree with.
    """
    if len(found) != len(wanted) or not wanted:
        return Agreement(len(found), np.inf, 0.0, False)
    difference = np.abs(np.array(found, np.float32) - np.array(wanted, np.float32))
    difference = np.where(np.isfinite(difference), difference, np.inf)
    allowed = golden_tolerance(target, np.array(wanted, np.float32))
    worst = int(np.argmax(difference - allowed))
    good = bool((difference <= allowed).all())
    return Agreement(len(found), float(difference.max()), float(allowed[worst]), good)
