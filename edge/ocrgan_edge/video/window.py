"""Windows of the newest T frames, handed out without a copy.

The ring holds 2·T slots. Each frame is written twice, T slots apart, so that the newest T frames
always lie one behind the other in memory: a window is a view, ready to be a graph's input.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Window:
    """The newest T frames at one moment."""

    frames: NDArray[np.uint8]
    """(T, H, W, 3), oldest first: a view into the ring, valid until the next `push`."""

    end: int
    """Position of the newest frame on the model's clock, 0 first."""

    at: float
    """Media time of the newest frame in seconds."""


class WindowRing:
    """Collects frames of one size and gives a window every `hop` frames once T are there."""

    def __init__(self, shape: tuple[int, int, int], hop: int) -> None:
        """Reserves the ring.

        Args:
            shape: frames per window T, height, width.
            hop: new frames between two windows, 1 … T.

        Raises:
            ValueError: `hop` is not within 1 … T.
        """
        length, height, width = shape
        if not 1 <= hop <= length:
            raise ValueError(
                f"hop is {hop}, but must be between 1 and the window's {length} frames"
            )
        self.length = length
        self.hop = hop
        self._slots = np.zeros((2 * length, height, width, 3), np.uint8)
        self._count = 0

    def push(self, image: NDArray[np.uint8], at: float) -> Window | None:
        """Takes the next frame (H, W, 3) of media time `at`; gives a window when one is due."""
        slot = self._count % self.length
        self._slots[slot] = image
        self._slots[slot + self.length] = image
        self._count += 1
        due = self._count - self.length
        if due < 0 or due % self.hop:
            return None
        newest = slot + 1
        return Window(self._slots[newest : newest + self.length], self._count - 1, at)

    def clear(self) -> None:
        """Forgets all frames, after a gap that a window must not reach across.

        Positions on the model's clock start again at 0.
        """
        self._count = 0
