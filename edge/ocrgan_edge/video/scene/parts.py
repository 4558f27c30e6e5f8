"""What bodies are built from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
"""Blue, green, red in 0 to 255."""


@dataclass(frozen=True, slots=True)
class Part:
    """A limb, a rim or a face."""

    points: NDArray[np.float64]
    """(n, 3) world points in metres; two are the ends of a limb."""

    radius: float
    """Metres around the line; 0 fills the convex face between the points."""

    colour: Colour
    """In full light."""


def shade(colour: Colour, factor: float) -> Colour:
    """A colour made darker (below 1) or lighter."""
    return (
        min(255.0, colour[0] * factor),
        min(255.0, colour[1] * factor),
        min(255.0, colour[2] * factor),
    )
