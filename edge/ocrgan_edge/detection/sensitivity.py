"""How sensitive a camera is: one word or one number that moves its threshold."""

from __future__ import annotations

from typing import Literal

Word = Literal["low", "medium", "high"]

FACTORS: dict[Word, float] = {"low": 0.67, "medium": 1.0, "high": 1.5}


def factor_of(sensitivity: Word | float) -> float:
    """The number that a word stands for; a number stands for itself."""
    return FACTORS[sensitivity] if isinstance(sensitivity, str) else float(sensitivity)


def threshold_of(median: float, base: float, factor: float) -> float:
    """The threshold of a camera: median + (base − median) / factor.

    Args:
        median: score of normal life.
        base: the threshold that was calibrated or set.
        factor: above 0; 2 halves the distance from normal life, 0.5 doubles it.

    Raises:
        ValueError: `factor` is not above 0.
    """
    if not factor > 0:
        raise ValueError(f"sensitivity is {factor:g}, but must be above 0")
    return median + (base - median) / factor
