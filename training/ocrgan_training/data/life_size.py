"""How tall what moves is, read from the recordings: people far away, or one who fills the door.

A local discriminator sees as many pixels on every scene, so a scene decides how large its people
should be for it, and its pseudo-anomalies have to be about as large as its people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.open_source import open_source

Gray = NDArray[np.uint8]

CLIPS, PICTURES, EVERY = 8, 120, 5
"""At most so many clips, spread over all, so many pictures of each, of every fifth frame."""
ROWS = 240
"""Pixels: taller frames are made smaller first."""
STANDS_OUT = 16.0
"""Gray levels from what is usually there, the light's own change taken away."""
MOST = 0.5
"""Share of a picture beyond which it is not things that move, but light or the camera."""
SMALLEST = 12
"""Pixels of a thing; what is smaller is noise."""
SHORT = 0.2
"""Share of all moving pixels that belong to shorter things: most life is at least as tall."""
USUAL = 0.133
"""What it is on the scene on which shares of the frame's height were found (UCSD Ped2)."""
FEWEST = 20
"""Things that must have been seen to say how tall they are."""


def life_size(clips: Sequence[Path]) -> float | None:
    """Height of what moves as a share of the frame's, or None where too little does.

    Args:
        clips: recordings of one camera, of which some are looked at. What cannot be read is left
            out: whoever reads all of them says so.
    """
    chosen = np.unique(np.linspace(0, len(clips) - 1, min(CLIPS, len(clips))).round().astype(int))
    return typical_height(_pictures(clips[i]) for i in chosen)


def enlarged(life: float | None) -> float:
    """How many times taller life is than usual, in tenths; 1 where it is not or nothing is known.

    Smaller people are not followed: edits of the usual size told more of them (decision 025).
    """
    return 1.0 if life is None else max(1.0, round(life / USUAL, 1))


def typical_height(clips: Iterable[Sequence[Gray]]) -> float | None:
    """The same of pictures (H, W) of several clips.

    Things are what differs from the clip's median picture, in one piece. A fifth of all pixels
    that move belongs to things that are shorter than what is returned.
    """
    things = [found for pictures in clips if len(pictures) > 0 for found in _things(pictures)]
    if len(things) < FEWEST:
        return None
    heights, areas = np.array(things).T
    order = np.argsort(heights)
    shares = np.cumsum(areas[order]) / areas.sum()
    return float(heights[order][np.searchsorted(shares, SHORT)])


def _things(pictures: Sequence[Gray]) -> list[tuple[float, float]]:
    """Height as a share of the picture's, and pixels, of all that stands out."""
    usual = np.median(np.stack(pictures), axis=0).astype(np.float32)
    found = []
    for picture in pictures:
        change = picture.astype(np.float32) - usual
        change -= np.median(change)
        out = (cv2.GaussianBlur(np.abs(change), (3, 3), 0) > STANDS_OUT).astype(np.uint8)
        if out.mean() > MOST:
            continue
        whole = cv2.morphologyEx(out, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        boxes = cv2.connectedComponentsWithStats(whole, connectivity=8)[2][1:]
        for _, _, _, height, area in boxes:
            if area >= SMALLEST:
                found.append((height / len(picture), float(area)))
    return found


def _pictures(clip: Path) -> list[Gray]:
    found: list[Gray] = []
    with suppress(SourceError), closing(open_source(str(clip))) as source:
        number = 0
        while len(found) < PICTURES and (frame := source.read()) is not None:
            if number % EVERY == 0:
                gray = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
                found.append(_small(np.asarray(gray, np.uint8)))
            number += 1
    return found


def _small(picture: Gray) -> Gray:
    scale = min(1.0, ROWS / picture.shape[0])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
