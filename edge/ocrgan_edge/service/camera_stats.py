"""What one camera's threads count, cheaply, for everyone who asks how it fares."""

from __future__ import annotations

import bisect
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ocrgan_edge.alerts import messages
from ocrgan_edge.detection.profiles import Profile

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histograms' buckets, in seconds; one more has no bound."""

_KEPT = 2048
"""Most latencies kept for percentiles: more windows than a camera gives in a minute."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often seconds fell between the bounds of `BUCKETS`, and their sum."""

    counts: tuple[int, ...] = (0,) * (len(BUCKETS) + 1)
    sum: float = 0.0

    def plus(self, seconds: float) -> Histogram:
        """With one more."""
        place = bisect.bisect_left(BUCKETS, seconds)
        counts = (*self.counts[:place], self.counts[place] + 1, *self.counts[place + 1 :])
        return Histogram(counts, self.sum + seconds)


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts since the start, and how it stands."""

    online: bool = False
    """Whether frames have come since the source was last lost."""
    frames: int = 0
    frames_lost: int = 0
    windows_skipped: int = 0
    reconnects: int = 0
    events: int = 0
    latency: Histogram = field(default_factory=Histogram)
    """Seconds in the graph, one for each window."""
    age: Histogram = field(default_factory=Histogram)
    """Seconds from the arrival of a window's newest frame to its score."""
    hop: float = 0.0
    """Frames between the newest two windows."""
    profile: Profile = "always"
    """Which of the camera's calibrations holds."""
    drift: float | None = None
    """Share of its bounds that drift uses, 0 … 1; None where it is not followed."""
    settled: float = 0.0
    """Share of the places that count, 0 … 1, that do not since something stays there."""

    @property
    def windows(self) -> int:
        """Windows scored."""
        return sum(self.latency.counts)


@dataclass(slots=True)
class _Interval:
    """What has happened since the last message."""

    since: float
    frames: int = 0
    windows: int = 0
    hops: float = 0.0
    age_max: float | None = None
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))


class CameraStats:
    """Counts of one camera; any thread may count, any may ask."""

    def __init__(self, hop: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Nothing has happened yet.

        Args:
            hop: frames between two windows if all goes as it should.
            monotonic: seconds that never jump.
        """
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self.hop = hop
        """Frames between two windows if all goes as it should."""
        self._totals = Totals(hop=hop)
        self._interval = _Interval(monotonic())

    @property
    def totals(self) -> Totals:
        """Counts since the start."""
        return self._totals

    def frame_came(self) -> None:
        """A frame was read."""
        with self._lock:
            self._interval.frames += 1
            self._totals = replace(self._totals, frames=self._totals.frames + 1, online=True)

    def window_scored(self, latency: float, age: float, hop: float | None = None) -> None:
        """A window was scored.

        Args:
            latency: seconds in the graph.
            age: seconds since its newest frame arrived.
            hop: frames since the window before, if it was another number than wished.
        """
        hop = self.hop if hop is None else hop
        with self._lock:
            totals, interval = self._totals, self._interval
            self._totals = replace(
                totals, latency=totals.latency.plus(latency), age=totals.age.plus(age), hop=hop
            )
            interval.windows += 1
            interval.hops += hop
            interval.latencies.append(latency)
            interval.age_max = max(age, interval.age_max or 0.0)

    def windows_skipped(self, number: int = 1) -> None:
        """Windows were due but not scored."""
        with self._lock:
            skipped = self._totals.windows_skipped + number
            self._totals = replace(self._totals, windows_skipped=skipped)

    def frames_lost(self, number: int = 1) -> None:
        """Frames were broken or left out."""
        with self._lock:
            self._totals = replace(self._totals, frames_lost=self._totals.frames_lost + number)

    def went_away(self) -> None:
        """The source was lost: offline until the next frame."""
        with self._lock:
            self._totals = replace(self._totals, online=False)

    def reconnected(self) -> None:
        """The source is back after it was lost."""
        with self._lock:
            self._totals = replace(self._totals, reconnects=self._totals.reconnects + 1)

    def event_began(self) -> None:
        """An event was raised."""
        with self._lock:
            self._totals = replace(self._totals, events=self._totals.events + 1)

    def normal_is(self, profile: Profile, drift: float | None) -> None:
        """Another profile holds, or drift has gone on."""
        with self._lock:
            self._totals = replace(self._totals, profile=profile, drift=drift)

    def settled_is(self, share: float) -> None:
        """Another share of the places that count does not since something stays there."""
        with self._lock:
            self._totals = replace(self._totals, settled=share)

    def interval(self) -> messages.CameraStats:
        """What has happened since this was last asked; for one asker."""
        with self._lock:
            now = self._monotonic()
            interval, totals = self._interval, self._totals
            self._interval = _Interval(now)
        seconds = max(now - interval.since, 1e-3)
        ordered = sorted(interval.latencies)
        return messages.CameraStats(
            frames_per_second=round(interval.frames / seconds, 3),
            windows_per_second=round(interval.windows / seconds, 3),
            hop=round(interval.hops / interval.windows, 2) if interval.windows else self.hop,
            latency_p50=percentile(ordered, 50),
            latency_p95=percentile(ordered, 95),
            latency_p99=percentile(ordered, 99),
            age_max=interval.age_max,
            frames_lost=totals.frames_lost,
            windows_skipped=totals.windows_skipped,
            reconnects=totals.reconnects,
            events=totals.events,
            profile=totals.profile,
            drift=None if totals.drift is None else round(totals.drift, 3),
            settled=round(totals.settled, 3),
        )


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The smallest value that so many percent do not exceed (nearest rank); None of none.

    Args:
        ordered: smallest first.
        percent: 1 … 100.
    """
    if not ordered:
        return None
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]
