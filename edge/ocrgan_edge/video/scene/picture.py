"""A sheet of frames for people who look."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import DataError
from ocrgan_edge.video.scene.renderer import Renderer
from ocrgan_edge.video.scene.spec import KINDS, Anomaly, SceneSpec

START = 12.0
"""Seconds after which each anomaly begins."""
COLUMNS = 3
CAPTION, DARK = 22, (40, 36, 34)
"""Height in pixels and colour of the strip below a frame."""


def contact_sheet(spec: SceneSpec) -> NDArray[np.uint8]:
    """A normal frame, then one of each anomaly with its mask outlined in red."""
    day = replace(spec, seconds=None, anomalies=())
    cells = [_captioned(Renderer(day).frame(0), "normal")]
    for number, kind in enumerate(KINDS):
        other = replace(day, seed=day.seed + number, anomalies=(Anomaly(kind, START),))
        cells.append(_captioned(_outlined(Renderer(other)), kind))
    rows = [np.hstack(cells[first : first + COLUMNS]) for first in range(0, len(cells), COLUMNS)]
    return np.vstack(rows)


def write_picture(path: Path, spec: SceneSpec) -> None:
    """Writes the sheet.

    Raises:
        DataError: the file cannot be written.
    """
    if not cv2.haveImageWriter(str(path)):
        raise DataError(f"picture {path} cannot be written: its name must end in .png")
    if not path.parent.is_dir() or not cv2.imwrite(str(path), contact_sheet(spec)):
        raise DataError(f"picture {path} cannot be written: its folder is missing or closed")


def _outlined(renderer: Renderer) -> NDArray[np.uint8]:
    """The moment within 4 s at which most of the anomaly is to be seen."""
    rate = renderer.spec.frames_per_second
    moments = [int((START + 0.25 * step) * rate) for step in range(4, 17)]
    best = max(moments, key=lambda index: np.count_nonzero(renderer.truth(index).mask))
    image, truth = renderer.frame_and_truth(best)
    rings, _ = cv2.findContours(
        truth.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    return np.asarray(cv2.drawContours(image, rings, -1, (0, 0, 255), 1), np.uint8)


def _captioned(image: NDArray[np.uint8], caption: str) -> NDArray[np.uint8]:
    """The frame as it is, and below it a dark strip with words."""
    strip = np.full((CAPTION, image.shape[1], 3), DARK, np.uint8)
    font, place = cv2.FONT_HERSHEY_SIMPLEX, (6, CAPTION - 7)
    cv2.putText(strip, caption, place, font, 0.45, (225, 225, 225), 1, cv2.LINE_AA)
    return np.vstack([image, strip])
