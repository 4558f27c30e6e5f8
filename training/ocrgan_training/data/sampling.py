"""Which windows a step looks at: a pure function of seed and step, so that resuming is exact."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.video.window import WindowRing


class Place(NamedTuple):
    """A stretch of one clip."""

    clip: int
    start: int
    """First frame."""


def random_of(seed: int, stream: str, *numbers: int) -> np.random.Generator:
    """The random numbers of one purpose at one step (and place); no two purposes share any."""
    return np.random.default_rng([seed, *numbers, *stream.encode()])


class Epoch(NamedTuple):
    """What is looked at in one epoch, in order."""

    windows: list[Place]
    neighbours: list[list[int]]
    """For every window, the clips that are in memory with its own."""


class EpochSampler:
    """Windows of `length` frames, every frame about twice an epoch, none across two clips.

    Each epoch lays a grid of windows, half a window apart, over every clip, at a random offset,
    and deals them out in random order; where the clips do not fit in memory, group after group of
    clips that do.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        length: int,
        batch: int,
        seed: int,
        room: ClipRoom | None = None,
    ) -> None:
        """Takes the clips' frame counts, each at least `length`; without `room`, all clips fit."""
        self._group = room or ClipRoom([0] * len(lengths), 1)
        self.hop = max(1, length // 2)
        self.batch = batch
        self._room = [count - length for count in lengths]
        self._seed = seed
        windows = sum(1 + room // self.hop for room in self._room)
        self.steps_per_epoch = max(1, windows // batch)

    def places(self, step: int) -> list[Place]:
        """The windows of step 0, 1, …; `batch` of them."""
        epoch, position = divmod(step, self.steps_per_epoch)
        windows = _epoch(self, epoch).windows
        first = position * self.batch
        return [windows[(first + i) % len(windows)] for i in range(self.batch)]

    def neighbours(self, step: int) -> list[int]:
        """The clips that are in memory with those of this step, its first window's group."""
        epoch, position = divmod(step, self.steps_per_epoch)
        found = _epoch(self, epoch).neighbours
        return found[position * self.batch % len(found)]

    def epoch(self, number: int) -> Epoch:
        """All windows of an epoch in order."""
        random = random_of(self._seed, "windows", number)
        grid = [
            [Place(clip, start) for start in self._starts(room, random)]
            for clip, room in enumerate(self._room)
        ]
        windows: list[Place] = []
        neighbours: list[list[int]] = []
        for group in self._group.groups(self._seed, number):
            places = [place for clip in group for place in grid[clip]]
            windows += [places[i] for i in random.permutation(len(places))]
            neighbours += [group] * len(places)
        return Epoch(windows, neighbours)

    def _starts(self, room: int, random: np.random.Generator) -> list[int]:
        count = 1 + room // self.hop
        offset = int(random.integers(room - (count - 1) * self.hop + 1))
        return [offset + i * self.hop for i in range(count)]


@lru_cache(maxsize=4)
def _epoch(sampler: EpochSampler, number: int) -> Epoch:
    return sampler.epoch(number)


class ClipRoom:
    """How many clips fit in memory together."""

    def __init__(self, sizes: Sequence[int], memory: int) -> None:
        """Takes the clips' bytes and how many there may be."""
        self._sizes, self._memory = sizes, memory

    def groups(self, seed: int, epoch: int) -> list[list[int]]:
        """All clips, each once, in groups: one where all fit, else random ones of half the memory.

        Half, so that the last windows of one group and the first of the next do not drive each
        other out.
        """
        if sum(self._sizes) <= self._memory:
            return [list(range(len(self._sizes)))]
        groups: list[list[int]] = []
        left = 0
        for clip in random_of(seed, "groups", epoch).permutation(len(self._sizes)).tolist():
            if not groups or self._sizes[clip] > left:
                groups.append([])
                left = self._memory // 2
            groups[-1].append(clip)
            left -= self._sizes[clip]
        return groups


def random_places(
    lengths: Sequence[int],
    length: int,
    count: int,
    random: np.random.Generator,
    among: Sequence[int] | None = None,
) -> list[Place]:
    """`count` stretches of `length` frames, every possible one as likely as any other.

    `among`: the clips they are taken from; all if not given.
    """
    chosen = range(len(lengths)) if among is None else among
    room = np.array([max(0, lengths[clip] - length + 1) for clip in chosen])
    clips = random.choice(len(room), size=count, p=room / room.sum())
    return [Place(chosen[clip], int(random.integers(room[clip]))) for clip in clips]


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
