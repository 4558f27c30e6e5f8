"""Decoded clips within a bound in bytes: what had to go is decoded again when it is needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import DataError
from ocrgan_training.data.clips import Clip, ClipSpec, ShortClipError, load_clip

Frames = NDArray[np.uint8]


class ClipStore:
    """Clips by number; those used longest ago are forgotten first."""

    def __init__(self, paths: Mapping[str, Path], spec: ClipSpec) -> None:
        """Decodes every clip once, to check and to measure it; too short ones are left out.

        Raises:
            DataError: a clip cannot be read or is larger than `spec.memory`, or all are too short.
        """
        self._paths: list[tuple[str, Path]] = []
        self._spec = spec
        self._kept: OrderedDict[int, Frames] = OrderedDict()
        self._lock = Lock()
        self.sizes: list[int] = []
        """Bytes of every clip."""
        self.lengths: list[int] = []
        """Frames of every clip."""
        self.decoded = 0
        """Clips decoded so far."""
        self.left_out: list[str] = []
        """Names of the clips that are too short."""
        short: ShortClipError | None = None
        for name, path in paths.items():
            try:
                frames = self._load(name, path)
            except ShortClipError as error:
                short = short or error
                self.left_out.append(name)
                continue
            self._paths.append((name, path))
            self.sizes.append(frames.nbytes)
            self.lengths.append(len(frames))
            if self.held + frames.nbytes <= spec.memory:
                self._kept[len(self._paths) - 1] = frames
        if short and not self._paths:
            raise short

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
        frames = self._load(name, path)
        if self.lengths[clip] != len(frames):
            raise DataError(
                f"training clip {name!r} had {self.lengths[clip]} frames and now has {len(frames)}:"
                " recordings must stay as they are during a training"
            )
        return frames

    def _load(self, name: str, path: Path) -> Frames:
        frames = load_clip(name, path, self._spec).frames
        self.decoded += 1
        return frames
