"""Where the anomaly is: scores per pixel, from the graph's coarse map."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_training.evaluation.metrics import auc, lowest_for_unknown
from ocrgan_training.evaluation.protocol import ClipScores, newest_window

MOST = 4_000_000
"""Pixels that the area is computed from; of larger data sets every n-th row and column."""


def stride_for(frames: int, height: int, width: int) -> int:
    """Every how manieth row and column of each frame is compared."""
    return max(1, math.ceil(math.sqrt(frames * height * width / MOST)))


class PixelSample:
    """Collects scores and truth of pixels, clip by clip."""

    def __init__(self, stride: int) -> None:
        """Takes every `stride`-th row and column."""
        self.stride = stride
        self._scores: dict[str, NDArray[np.float64]] = {}
        self._truth: list[NDArray[np.bool_]] = []

    def add(self, clip: ClipScores, maps: NDArray[np.float32], masks: NDArray[np.bool_]) -> None:
        """Compares one clip, causally: each frame with the newest window's map.

        Args:
            clip: its windows.
            maps: (n, h, w), the map that each window's score is the largest value of.
            masks: (frames, H, W), True where abnormal; maps are enlarged to H × W bilinearly.
        """
        step = (slice(None, None, self.stride), slice(None, None, self.stride))
        height, width = masks.shape[1:]
        sampled = np.full(masks[:, *step].shape, -np.inf, np.float32)
        for frame, window in enumerate(newest_window(clip)):
            if window >= 0:
                large = cv2.resize(maps[window], (width, height), interpolation=cv2.INTER_LINEAR)
                sampled[frame] = large[step]
        self._scores[str(len(self._truth))] = sampled.ravel().astype(np.float64)
        self._truth.append(masks[:, *step].ravel())

    def auc(self) -> float | None:
        """Chance that an abnormal pixel scores above a normal one; None without both."""
        if not self._truth:
            return None
        scores = lowest_for_unknown(self._scores)
        return auc(np.concatenate(list(scores.values())), np.concatenate(self._truth))
