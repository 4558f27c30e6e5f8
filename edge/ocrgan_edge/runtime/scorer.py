"""The one interface behind which the runtimes stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

TERMS = ("texture", "shape", "motion", "feature", "patch")
"""What a score is made of, in the graph's order (K = 5).

texture, shape: squared error of the Laplacian and of the residual stream; motion: squared error of
frame differences; feature: squared distance of the discriminator's attended features; patch: the
local discriminator's evidence that a patch in space and time is not normal life.
"""


@dataclass(frozen=True, slots=True)
class LocationStatistics:
    """What each term is like at each place in normal life: the constants of a score."""

    mean: NDArray[np.float32]
    """(K, h, w)"""

    scale: NDArray[np.float32]
    """(K, h, w), above 0: one unit of "unusual" at that place."""

    @classmethod
    def neutral(cls, shape: tuple[int, int, int]) -> LocationStatistics:
        """Mean 0 and scale 1 everywhere, (K, h, w): terms stay as they are."""
        return cls(np.zeros(shape, np.float32), np.ones(shape, np.float32))


@dataclass(frozen=True, slots=True)
class WindowScore:
    """What a graph says about one window."""

    score: float
    """How far the window's newest frames are from normal, at the worst place; 0 is usual."""

    frame_scores: NDArray[np.float32]
    """(T,)"""

    anomaly_map: NDArray[np.float32]
    """(T, h, w), coarse grid over the frame."""

    shares: NDArray[np.float32]
    """(K,), each term's part in `score`, 0 … 1, sum 1."""

    seed: float
    """The published score: 0.9 · reconstruction error + 0.1 · feature distance."""

    terms: NDArray[np.float32]
    """(K, T, h, w), the raw terms before normalisation: what statistics are made from."""

    attention: NDArray[np.float32] | None = None
    """(T,), sum 1, oldest frame first: how much the newest frame looks at each frame of the window,
    in the discriminator's attention over time. None where the graph does not tell."""


@runtime_checkable
class Scorer(Protocol):
    """A graph of a bundle, loaded and ready."""

    target: str
    """Which of the bundle's targets this is, for example `onnx-int8`."""

    def use(self, statistics: LocationStatistics) -> None:
        """Scores by these statistics from now on.

        Raises:
            BundleError: they are not (K, h, w) as the graph wants, or not finite.
        """

    def score(self, frames: NDArray[np.uint8]) -> WindowScore:
        """Scores one window (T, H, W, 3), blue-green-red; the same window gives the same score.

        Raises:
            ValueError: the window is not of the graph's shape.
            BundleError: the graph gives values that are no finite numbers.
        """


@runtime_checkable
class Stepper(Scorer, Protocol):
    """A graph that takes one frame at a time and remembers those before: one camera's.

    `score` forgets them first and steps through the window backwards and forwards (`warmed_up`).
    What it gives is for the `recent`
    newest frames: that many frame scores, maps and terms.
    """

    def follow(self, frames: NDArray[np.uint8], new: int | None) -> WindowScore:
        """Scores the newest frame of a window (T, H, W, 3) that follows on what came before.

        Args:
            frames: as of `score`.
            new: how many of the newest frames have come since the last call; None: all that came
                before is to be forgotten, as after a gap. More than T are the same as that; with
                0, as when a camera is asked twice, it says again what it said.

        Raises:
            As `score`.
        """

    def another(self) -> Stepper:
        """The same graph for another camera, with statistics and a past of its own."""


def warmed_up(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a graph that steps is shown where nothing came before: (2T − 1, H, W, 3).

    The window backwards, then forwards: no jump, and by the window's newest frames the state is no
    longer empty. From an empty state the first prediction can be wrong by twenty times what it ever
    is later (one of three networks), which four scores and the statistics of a clip would contain.

    Args:
        frames: a window (T, H, W, 3).
    """
    return np.concatenate([frames[:0:-1], frames])
