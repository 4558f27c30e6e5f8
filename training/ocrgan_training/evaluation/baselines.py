"""Two detectors that learn nothing, measured beside every graph: what has to be beaten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.video.fit import fit
from ocrgan_edge.video.resample import frames_on_clock
from ocrgan_edge.video.source import Source
from ocrgan_training.evaluation.counted_source import CountedSource
from ocrgan_training.evaluation.protocol import ClipScores

Image = NDArray[np.uint8]
Detector = Callable[[Image], float | None]
"""Takes a clip's next picture (128, 128, 3); gives its score, or None while it knows nothing."""

SIZE = 128
"""Pixels in height and width that both look at."""
PATCH = 17
"""Pixels of the box mean, so that one noisy pixel is no event."""
HISTORY = 200
"""Normal frames that MOG2 has seen before a clip starts, as on a camera that has been up."""


def frame_differencing() -> Detector:
    """Squared difference to the previous frame, 17×17 box mean, its maximum."""
    previous: NDArray[np.float32] | None = None

    def score(image: Image) -> float | None:
        nonlocal previous
        gray = image.mean(axis=2, dtype=np.float32)
        before, previous = previous, gray
        if before is None:
            return None
        return float(cv2.blur(np.square(gray - before), (PATCH, PATCH)).max())

    return score


def foreground_share(background: Iterable[Image] = ()) -> Detector:
    """Share of the picture that OpenCV's MOG2 takes for foreground; it goes on learning.

    Args:
        background: normal pictures (128, 128, 3) that it has seen before.
    """
    mog2 = cv2.createBackgroundSubtractorMOG2(history=HISTORY, detectShadows=False)
    seen = 0
    for image in background:
        mog2.apply(image)
        seen += 1

    def score(image: Image) -> float | None:
        nonlocal seen
        foreground = mog2.apply(image)
        seen += 1
        return cv2.countNonZero(foreground) / foreground.size if seen > 1 else None

    return score


def detectors(background: Iterable[Image]) -> dict[str, Detector]:
    """Both baselines by name, new for one clip."""
    return {
        "frame differencing": frame_differencing(),
        "MOG2 foreground": foreground_share(background),
    }


def score_clip(
    source: CountedSource, frames_per_second: float, named: Mapping[str, Detector]
) -> dict[str, ClipScores]:
    """Runs detectors over one clip: each frame on the model's clock is a window of its own."""
    ends: dict[str, list[int]] = {name: [] for name in named}
    moments: dict[str, list[float]] = {name: [] for name in named}
    scores: dict[str, list[float]] = {name: [] for name in named}
    for frame in frames_on_clock(source, frames_per_second):
        image = fit(frame.image, SIZE, SIZE)
        for name, detector in named.items():
            score = detector(image)
            if score is not None:
                ends[name].append(frame.index)
                moments[name].append(frame.at)
                scores[name].append(score)
    return {
        name: ClipScores(
            frames=source.frames,
            frames_per_second=source.frames_per_second,
            clock=frames_per_second,
            end=np.array(ends[name], np.int64),
            at=np.array(moments[name], np.float64),
            score=np.array(scores[name], np.float64),
            frame_scores=np.array(scores[name], np.float64)[:, None],
        )
        for name in named
    }


def first_pictures(sources: Iterator[Source], frames_per_second: float) -> list[Image]:
    """The first pictures of normal clips, as many as MOG2 remembers, (128, 128, 3) each."""
    pictures: list[Image] = []
    for source in sources:
        for frame in frames_on_clock(source, frames_per_second):
            if len(pictures) == HISTORY:
                return pictures
            pictures.append(fit(frame.image, SIZE, SIZE))
    return pictures
