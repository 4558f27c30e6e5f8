"""A frame as a source gives it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a camera."""

    image: NDArray[np.uint8]
    """(H, W, 3), blue-green-red as OpenCV decodes it; gray sources repeat their one channel."""

    index: int
    """Position in the source, 0 first."""

    at: float
    """Seconds since the source's first frame. Recorded: index / recorded frames per second.
    Live: the monotonic clock at capture. Never decreases."""
