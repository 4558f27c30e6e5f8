"""From media time to wall time, and whether the wall clock can be believed."""

from __future__ import annotations

import ctypes
import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_TIME_ERROR = 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def clock_synced() -> bool:
    """Whether the kernel holds the system's clock for synchronised (NTP, chrony, timesyncd …).

    False also where the kernel cannot be asked. Source: adjtimex(2), which returns TIME_ERROR
    while the clock is not synchronised.
    """
    adjtimex = _adjtimex()
    # A struct timex of zeros changes nothing and is 208 bytes long; some room to spare.
    return adjtimex is not None and adjtimex(ctypes.create_string_buffer(512)) not in (
        -1,
        _TIME_ERROR,
    )


@functools.cache
def _adjtimex() -> Callable[[ctypes.Array[ctypes.c_char]], int] | None:
    try:
        function: Callable[[ctypes.Array[ctypes.c_char]], int] = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return None
    return function


@dataclass(frozen=True, slots=True)
class Tie:
    """Media time tied to wall time: what belongs together is told with the same tie.

    Two wall times of one tie are as far apart as their media times, whatever the system's clock
    did in between; so an event never ends before it began.
    """

    zero: float
    """Wall time of media time 0, in seconds since 1970."""
    synced: bool
    """Whether the system's clock was synchronised when the tie was made."""

    def wall(self, at: float) -> datetime:
        """Wall time of media time `at`, UTC."""
        return _EPOCH + timedelta(seconds=self.zero + at)


class MediaClock:
    """Wall time of a camera's frames.

    A recording that is played faster or slower than it was taken: wall time at its first frame +
    media time. A source that keeps pace with the world: what the wall clock says now, less the
    seconds on the monotonic clock since the frame. So it follows every step of the wall clock at
    once (a small computer without a battery clock jumps by years when the network comes up), and
    the logic, which knows media time alone, never sees the step.
    """

    def __init__(
        self,
        keeps_pace: bool,
        now: Callable[[], float] = time.time,
        synced: Callable[[], bool] = clock_synced,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Waits for `start`.

        Args:
            keeps_pace: frames come when they are taken, or are played at that pace.
            now: seconds since 1970.
            synced: whether `now` can be believed.
            monotonic: seconds that never jump.
        """
        self._keeps_pace = keeps_pace
        self._now = now
        self._system_synced = synced
        self._monotonic = monotonic
        self._started = 0.0
        self._first_tie = Tie(0.0, synced=False)

    @property
    def synced(self) -> bool:
        """Whether the wall times told now can be believed."""
        return self.tie().synced

    def start(self, at: float) -> None:
        """Ties media time `at` to this moment."""
        self._started = self._monotonic() - at
        self._first_tie = Tie(self._now() - at, self._system_synced())

    def tie(self) -> Tie:
        """How media time and wall time go together by now."""
        if not self._keeps_pace:
            return self._first_tie
        return Tie(self._now() - self._monotonic() + self._started, self._system_synced())

    def wall(self, at: float) -> datetime:
        """Wall time of media time `at` by now, UTC."""
        return self.tie().wall(at)
