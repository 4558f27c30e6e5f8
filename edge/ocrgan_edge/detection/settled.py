"""What stays where it is belongs to the scene after a while: a parked car, a chair that was moved.

Whatever arrives is told. But an event that never ends hides all others, and nobody wants to hear
of a parked car all day. A place that is above the alarm's release most of the time, in each tenth
of a long one, has settled: it counts no more until that is over for one such tenth. Not all of the
time, so that people who pass in front of it for a moment change nothing; and time, not values, so
that somebody who comes every minute is not taken for what stays, however unusual.
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.zones import AROUND, Mask

SETTLE_AFTER = 1800.0
"""Seconds, if nobody says otherwise."""

PARTS = 10
"""Of that time, in each of which a place must be unusual."""

MOSTLY = 0.7
"""Of a part's windows, more than that must be unusual at a place. What comes and goes, half of the
time, is not."""

MOST = 0.5
"""Of the map: where more would settle it is the camera or the light that has changed, and nothing
does."""


class Settled:
    """Follows one camera's anomaly map. For one thread, that which judges windows."""

    def __init__(self, after: float, counts: Mask) -> None:
        """Nothing has settled yet.

        Args:
            after: seconds that something must stay; 0: nothing ever settles.
            counts: (h, w), places whose anomalies count.
        """
        self.places: Mask | None = None
        """(h, w), those that have settled and those beside them; None where there are none."""
        self.newest_at: float | None = None
        """Media time in seconds at which the newest of them settled; None where there are none."""
        self._after = after
        self._counts = counts
        self._seen_at: float | None
        self.forget()

    @property
    def share(self) -> float:
        """Of the places that count, 0 … 1, how many have settled."""
        return 0.0 if self.places is None else self._share(self.places)

    def take(self, values: NDArray[np.float32], release: float, at: float, known: bool) -> None:
        """Takes the next window.

        Args:
            values: (h, w), the map that its score is the largest value of, all places.
            release: value of the map up to which a place is quiet.
            at: media time in seconds.
            known: whether what is unusual just now has been told, or nobody wants to hear of it.
                What is not known does not settle; what has settled stays so.
        """
        if self._after <= 0:
            return
        if self._seen_at is None or not 0 <= at - self._seen_at < self._after:
            self.forget()  # nobody knows what was between
            self._began = at
        self._seen_at = at
        unusual = values > release
        self._unusual += unusual if known else unusual & self._stays
        self._windows += 1
        if at - self._began >= self._after / PARTS:
            self._parts.append(self._unusual > MOSTLY * self._windows)
            self._begin(at)
            self._settle(at)

    def forget(self) -> None:
        """Nothing has settled, and nothing has stayed for a while yet."""
        self.places = self.newest_at = self._seen_at = None
        self._stays: Mask = np.zeros(self._counts.shape, np.bool_)
        self._parts: deque[Mask] = deque(maxlen=PARTS)
        self._begin(0.0)

    def _begin(self, at: float) -> None:
        self._began = at
        self._unusual = np.zeros(self._counts.shape, np.int64)
        self._windows = 0

    def _settle(self, at: float) -> None:
        before, self.places = self.places, None
        self._stays[:] = len(self._parts) == PARTS and np.all(self._parts, axis=0)
        places = np.asarray(cv2.dilate(self._stays.astype(np.uint8), AROUND), np.bool_)
        if self._stays.mean() <= MOST and 0 < self._share(places) < 1:
            self.places = places
        if self.places is None:
            self.newest_at = None
        elif before is None or (self.places & ~before).any():
            self.newest_at = at

    def _share(self, places: Mask) -> float:
        return float((places & self._counts).sum() / self._counts.sum())
