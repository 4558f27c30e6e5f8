"""From a source's frame rate to the model's: tick n of the model's clock is at n / rate.

Every tick shows one frame. A frame that comes up to a quarter of a tick early or less than a tick
late still counts as the next tick's, so that a camera whose clock wanders, or whose frames jitter,
does not make the picture stop and jump. Media time decides, so that nothing drifts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.source import Source

SAME_RATE = 0.01
"""Recorded rates that differ by less than this share count as equal: 29.97 is 30."""

EARLY = 0.25
"""Ticks that a frame may be early."""


class Resampler:
    """Puts frames onto the model's clock: leaves some out, or repeats the newest."""

    def __init__(self, frames_per_second: float, recorded_rate: float | None = None) -> None:
        """Starts a clock at the first frame.

        Args:
            frames_per_second: the model's rate.
            recorded_rate: of a recording, whose frames lie exactly 1 / rate apart. Where it equals
                the model's, every frame is passed on as it is. None for live sources: there, after
                a gap longer than `longest_gap`, the clock starts again instead of repeating an old
                picture.
        """
        self.frames_per_second = frames_per_second
        self._same_rate = (
            recorded_rate is not None and abs(recorded_rate / frames_per_second - 1.0) <= SAME_RATE
        )
        self._gap = math.inf if recorded_rate is not None else longest_gap(frames_per_second)
        self._newest_at: float | None = None
        self._shown: Frame | None = None
        self._origin = 0.0
        self._tick = -1

    def push(self, frame: Frame) -> list[Frame]:
        """Takes the source's next frame; gives the ticks that are now decided, maybe none.

        A frame given back has its tick as `index`. Its `at` is when the picture was taken, and the
        tick's own time where the picture is a repeated one: it never lies before the picture.
        """
        if self._same_rate:
            return [frame]
        if self._newest_at is None or frame.at - self._newest_at > self._gap:
            self._origin = frame.at - (self._tick + 1) / self.frames_per_second
        self._newest_at = frame.at
        due = self._due(frame.at)
        if due is None:
            return []
        repeated = [self._repeat(tick) for tick in range(self._tick + 1, due)]
        self._tick = due
        self._shown = frame
        return [*repeated, Frame(frame.image, due, frame.at)]

    def _due(self, at: float) -> int | None:
        """The tick that a picture of this media time belongs to, if it belongs to a new one."""
        position = (at - self._origin) * self.frames_per_second + 1e-6
        following = self._tick + 1
        if position < following - EARLY:
            return None
        if position < following + 1:
            return following
        return math.floor(position)

    def _repeat(self, tick: int) -> Frame:
        assert self._shown is not None
        return Frame(self._shown.image, tick, self._origin + tick / self.frames_per_second)


def longest_gap(frames_per_second: float) -> float:
    """Seconds without a frame after which a live picture counts as interrupted."""
    return max(1.0, 3.0 / frames_per_second)


def frames_on_clock(source: Source, frames_per_second: float) -> Iterator[Frame]:
    """All frames of a source on the model's clock.

    Raises:
        SourceError: the source cannot be read to its end.
    """
    recorded_rate = None if source.live else source.frames_per_second
    resampler = Resampler(frames_per_second, recorded_rate)
    while (frame := source.read()) is not None:
        yield from resampler.push(frame)
