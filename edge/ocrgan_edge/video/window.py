"""Windows of the newest T frames, handed out without a copy.

The ring holds 2·T slots. Each frame is written twice, T slots apart, so that the newest T frames
always lie one behind the other in memory: a window is a view, ready to be a graph's input.

A ring that is not full yet still gives windows: what is missing before its first frame is that
frame's future played backwards. Without them a camera is blind for T frames after every start and
every gap, and a test clip's first frames count as missed (docs/decisions/003-cold-start.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Window:
    """The newest T frames at one moment."""

    frames: NDArray[np.uint8]
    """(T, H, W, 3), oldest first: valid until the next frame. While the ring fills, the frames
    before the first are mirrored ones."""

    end: int
    """Position of the newest frame on the model's clock, 0 first."""

    at: float
    """Media time of the newest frame in seconds."""

    unbroken: int = 0
    """Frames since the start or the newest gap, the newest one included."""

    def new_since(self, end: int | None) -> int | None:
        """Frames that came after the one at position `end`; None if a gap or nothing lies between.

        Args:
            end: `end` of a window before; None for no window.
        """
        if end is None or end <= self.end - self.unbroken:
            return None
        return self.end - end


class WindowRing:
    """Collects frames of one size and gives a window every `hop` frames, the T-th among them.

    Two frames make the first window: a single one shows no motion.
    """

    def __init__(self, shape: tuple[int, int, int], hop: int, gap: float = math.inf) -> None:
        """Reserves the ring.

        Args:
            shape: frames per window T, height, width.
            hop: new frames between two windows, 1 … T.
            gap: seconds between two frames above which no window holds both.

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
        self._gap = gap
        self._slots = np.zeros((2 * length, height, width, 3), np.uint8)
        self._count = 0
        self._position = -1
        self._newest_at = -math.inf

    @property
    def slot(self) -> NDArray[np.uint8]:
        """Where the next frame belongs, (H, W, 3): fill it, then `commit`."""
        place: NDArray[np.uint8] = self._slots[self._place()]
        return place

    def push(self, image: NDArray[np.uint8], at: float) -> Window | None:
        """Takes the next frame (H, W, 3) of media time `at`; gives a window when one is due."""
        self.slot[:] = image
        return self.commit(at)

    def commit(self, at: float) -> Window | None:
        """Counts the frame that was written into `slot`; gives a window when one is due."""
        if at - self._newest_at > self._gap:
            self.clear()
        slot = self._place()
        self._slots[slot + self.length] = self._slots[slot]
        self._newest_at = at
        self._position += 1
        self._count += 1
        if (self._count - self.length) % self.hop or not self.ready:
            return None
        return self.newest()

    @property
    def unbroken(self) -> int:
        """Frames since the start or the newest gap."""
        return self._count

    @property
    def ready(self) -> bool:
        """Whether there are frames enough for a window, whichever hop."""
        return self._count >= min(2, self.length)

    def newest(self) -> Window:
        """The window that ends with the newest frame, due or not; only when `ready`."""
        slot = self._position % self.length
        frames = (
            self._mirrored(slot)
            if self._count < self.length
            else self._slots[slot + 1 : slot + 1 + self.length]
        )
        return Window(frames, self._position, self._newest_at, self._count)

    def _mirrored(self, newest: int) -> NDArray[np.uint8]:
        """The frames that are there, back from the newest and forth again: 1 2 3 → … 2 1 2 3."""
        turn = self._count - 1
        ages = turn - np.abs(np.arange(self.length - 1, -1, -1) % (2 * turn) - turn)
        mirrored: NDArray[np.uint8] = self._slots[(newest - ages) % self.length]
        return mirrored

    def clear(self) -> None:
        """Forgets all frames, after a gap that a window must not reach across.

        Positions go on counting, so that no two windows of a source share one.
        """
        self._count = 0

    def _place(self) -> int:
        return (self._position + 1) % self.length
