"""What each term of a score is like at each place in normal life."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.scorer import LocationStatistics

FLOOR = 3.0
"""Of a term's typical spread over the picture: what every place is granted.

Where nobody ever walked in the recordings, a term hardly varies, and the first shadow there would
be a thousand times its spread. With a floor f a place without life weighs 1/f of its deviation in
typical spreads, and no place explodes.
"""

OWN = 0.3
"""Of a place's own spread: what it is granted on top, so that only places far more restless than
others are heard less. Evidence is trained to be compared between places, and where people walk,
one flare in a recording makes a spread (docs/decisions/018-own-spread.md).
"""

SMOOTHING = 1.0
"""Cells of the map: σ of the Gaussian. Neighbours see the same people a little earlier or later."""

NO_SPREAD = 1e-6
"""Of a term's mean: a term that varies less than that says nothing, and weighs nothing."""


class TermStatistics:
    """Gathers mean and mean square of each term at each place, window by window."""

    def __init__(self, recent: int) -> None:
        """Starts without windows.

        Args:
            recent: newest frames of each window that count, those that the score is made of.
                A network predicts its newest frames less well than those that it is shown.
        """
        self.recent = recent
        self.windows = 0
        self._frames = 0
        self._sum: NDArray[np.float64] | None = None
        self._squares: NDArray[np.float64] | None = None

    def add(self, terms: NDArray[np.float32]) -> None:
        """Takes one window's raw terms (K, T, h, w)."""
        newest = terms[:, -self.recent :].astype(np.float64)
        total = newest.sum(axis=1)
        squares = np.square(newest).sum(axis=1)
        self._sum = total if self._sum is None else self._sum + total
        self._squares = squares if self._squares is None else self._squares + squares
        self._frames += newest.shape[1]
        self.windows += 1

    def moments(
        self, smoothing: float = SMOOTHING
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and mean square (K, h, w), smoothed over the map.

        Raises:
            DataError: there was no window.
        """
        if self._sum is None or self._squares is None:
            raise DataError("there is no window of normal life: each clip is shorter than one")
        return (
            _smooth(self._sum / self._frames, smoothing),
            _smooth(self._squares / self._frames, smoothing),
        )

    def statistics(
        self, floor: float = FLOOR, smoothing: float = SMOOTHING, own: float = OWN
    ) -> LocationStatistics:
        """Mean and scale (K, h, w); both moments are smoothed over the map first.

        Smoothing the moments, not the variance, treats a place's neighbours as more recordings of
        that place: what differs between them belongs to the spread.
        scale = √(own² · variance + floor² · mean variance of the term); 1 where it never varies.

        Raises:
            DataError: there was no window, or a term is not finite.
        """
        mean, square = self.moments(smoothing)
        if not (np.isfinite(mean).all() and np.isfinite(square).all()):
            raise DataError("a term of a normal window is not a finite number")
        variance = np.maximum(square - np.square(mean), 0)
        typical = variance.mean(axis=(1, 2), keepdims=True)
        scale = np.sqrt(own**2 * variance + floor**2 * typical).astype(np.float32)
        size = np.sqrt(square.mean(axis=(1, 2), keepdims=True))
        speaks = (np.sqrt(typical) > NO_SPREAD * size) & (scale > 0)  # not 0 in float32 either
        return LocationStatistics(
            mean=mean.astype(np.float32),
            scale=np.where(speaks, scale, np.float32(1)),
        )


def _smooth(moment: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Gaussian over each term's map (K, h, w); the edge repeats itself."""
    if sigma == 0:
        return moment
    maps = [cv2.GaussianBlur(one, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) for one in moment]
    return np.stack(maps).astype(np.float64)
