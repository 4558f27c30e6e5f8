"""Which windows a step looks at: a pure function of seed and step, so that resuming is exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.video.window import WindowRing


class Place(NamedTuple):
    """A stretch of one clip."""

    clip: int
    start: int
    """First frame."""


def random_of(seed: int, stream: str, step: int) -> np.random.Generator:
    """The random numbers of one purpose at one step; no two purposes share any."""
    return np.random.default_rng([seed, step, *stream.encode()])


class EpochSampler:
    """Windows of `length` frames, every frame about twice an epoch, none across two clips.

    Each epoch lays a grid of windows, half a window apart, over every clip, at a random offset,
    and deals them out in random order.
    """

    def __init__(self, lengths: Sequence[int], length: int, batch: int, seed: int) -> None:
        """Takes the clips' frame counts, each at least `length`."""
        self.hop = max(1, length // 2)
        self.batch = batch
        self._room = [count - length for count in lengths]
        self._seed = seed
        windows = sum(1 + room // self.hop for room in self._room)
        self.steps_per_epoch = max(1, windows // batch)

    def places(self, step: int) -> list[Place]:
        """The windows of step 0, 1, …; `batch` of them."""
        epoch, position = divmod(step, self.steps_per_epoch)
        random = random_of(self._seed, "windows", epoch)
        grid = [
            Place(clip, start)
            for clip, room in enumerate(self._room)
            for start in self._starts(room, random)
        ]
        order = random.permutation(len(grid))
        first = position * self.batch
        return [grid[order[(first + i) % len(grid)]] for i in range(self.batch)]

    def _starts(self, room: int, random: np.random.Generator) -> list[int]:
        count = 1 + room // self.hop
        offset = int(random.integers(room - (count - 1) * self.hop + 1))
        return [offset + i * self.hop for i in range(count)]


def random_places(
    lengths: Sequence[int], length: int, count: int, random: np.random.Generator
) -> list[Place]:
    """`count` stretches of `length` frames, every possible one as likely as any other."""
    room = np.array([max(0, frames - length + 1) for frames in lengths])
    clips = random.choice(len(room), size=count, p=room / room.sum())
    return [Place(int(clip), int(random.integers(room[clip]))) for clip in clips]


def cold_start(
    frames: NDArray[np.uint8], length: int, random: np.random.Generator
) -> NDArray[np.uint8]:
    """A window (length, H, W, 3) as a camera gives it in its first moments, from the newest frames.

    Fewer than `length` frames are there yet, two or more, and the device's own ring mirrors them.
    """
    ring = WindowRing((length, *frames.shape[1:3]), hop=1)
    there = int(random.integers(2, length))
    windows = [ring.push(frame, float(i)) for i, frame in enumerate(frames[-there:])]
    assert windows[-1] is not None
    return windows[-1].frames.copy()
