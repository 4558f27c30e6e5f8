"""What is really to be seen in a frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Truth:
    """The answer a detector is measured against."""

    label: int
    """1 exactly when the mask has a pixel, else 0."""

    mask: NDArray[np.bool_]
    """(H, W): pixels of anomalous people and things that can be seen, without their shadows."""

    kinds: tuple[str, ...]
    """What can be seen, sorted; empty in normal frames."""
