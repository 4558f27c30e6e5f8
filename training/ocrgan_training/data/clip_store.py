"""Decoded clips within a bound in bytes: what had to go is decoded again when it is needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import DataError
from ocrgan_training.data.clips import Clip, ClipSpec, load_clip

Frames = NDArray[np.uint8]


class ClipStore:
    """Clips by number; those used longest ago are forgotten first."""

    def __init__(self, paths: Mapping[str, Path], spec: ClipSpec) -> None:
        """Decodes every clip once, to check and to measure it.

        Raises:
            DataError: a clip cannot be read, is too short, or is larger than `spec.memory`.
        """
        self._paths = list(paths.items())
        self._spec = spec
        self._kept: OrderedDict[int, Frames] = OrderedDict()
        self._lock = Lock()
        self.sizes: list[int] = []
        """Bytes of every clip."""
        self.lengths: list[int] = []
        """Frames of every clip."""
        self.decoded = 0
        """Clips decoded so far."""
        for number in range(len(self._paths)):
            frames = self._decode(number)
            self.sizes.append(frames.nbytes)
            self.lengths.append(len(frames))
            if self.held + frames.nbytes <= spec.memory:
                self._kept[number] = frames

    @classmethod
    def of(cls, clips: Sequence[Clip]) -> ClipStore:
        """A store of clips that are decoded already; all of them are kept."""
        height, width = clips[0].frames.shape[1:3]
        size = sum(clip.frames.nbytes for clip in clips)
        store = cls({}, ClipSpec(height, width, 0.0, 0, memory=size))
        store._kept.update(enumerate(clip.frames for clip in clips))
        store.sizes = [clip.frames.nbytes for clip in clips]
        store.lengths = [len(clip.frames) for clip in clips]
        return store

    @property
    def memory(self) -> int:
        """Bytes that are kept at most."""
        return self._spec.memory

    @property
    def held(self) -> int:
        """Bytes that are kept now."""
        return sum(frames.nbytes for frames in self._kept.values())

    def cut(self, clip: int, start: int, length: int) -> Frames:
        """(length, H, W, 3) of a clip from frame `start` on; not to be written to."""
        with self._lock:
            if clip in self._kept:
                self._kept.move_to_end(clip)
            else:
                self._keep(clip, self._decode(clip))
            return self._kept[clip][start : start + length]

    def _keep(self, clip: int, frames: Frames) -> None:
        while self._kept and self.held + frames.nbytes > self.memory:
            self._kept.popitem(last=False)
        self._kept[clip] = frames

    def _decode(self, clip: int) -> Frames:
        name, path = self._paths[clip]
        frames = load_clip(name, path, self._spec).frames
        self.decoded += 1
        if self.lengths[clip:] and self.lengths[clip] != len(frames):
            raise DataError(
                f"training clip {name!r} had {self.lengths[clip]} frames and now has {len(frames)}:"
                " recordings must stay as they are during a training"
            )
        return frames
