"""From media time to wall time, and whether the wall clock can be believed."""

from __future__ import annotations

import ctypes
import functools
import time
from collections.abc import Callable
from datetime import UTC, datetime

_TIME_ERROR = 5


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


class MediaClock:
    """Wall time of a camera's frames: wall time at its first frame + media time.

    The same rule holds for a recording that is played faster than it was taken. A source that
    keeps pace with the world is tied to the wall clock once more when that has become
    synchronised, which on a small computer can be minutes after the start.
    """

    def __init__(
        self,
        keeps_pace: bool,
        now: Callable[[], float] = time.time,
        synced: Callable[[], bool] = clock_synced,
    ) -> None:
        """Waits for `start`.

        Args:
            keeps_pace: frames come when they are taken, or are played at that pace.
            now: seconds since 1970.
            synced: whether `now` can be believed.
        """
        self.synced = False
        """Whether the wall times given since the last tie can be believed."""
        self._keeps_pace = keeps_pace
        self._now = now
        self._system_synced = synced
        self._zero = 0.0

    def start(self, at: float) -> None:
        """Ties media time `at` to this moment."""
        self.synced = self._system_synced()
        self._zero = self._now() - at

    def renew(self, at: float) -> None:
        """Ties anew, if that makes the wall time believable; `at` is this moment's media time."""
        if self._keeps_pace and not self.synced and self._system_synced():
            self.start(at)

    def wall(self, at: float) -> datetime:
        """Wall time of media time `at`, UTC."""
        return datetime.fromtimestamp(self._zero + at, UTC)
