"""Where it was unusual, drawn into the picture."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.alerts.event import Box

STRONGEST = 0.5
"""How much of the picture the hottest place covers."""

DARKEST = 0.35
"""Where on the colour scale a place begins that is hardly hot: below, inferno is black."""

GHOST = 0.02
"""What cubic interpolation makes at most of nothing, diagonally beside a hot place."""

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def draw_heat(
    image: NDArray[np.uint8], anomaly_map: NDArray[np.float32], quiet: float, hottest: float
) -> NDArray[np.uint8]:
    """The picture with the map over it: untouched where quiet, yellow and opaque where hottest.

    The scale is fixed by the alarm, not by the map's own range, so that a hardly unusual picture
    looks so. The colours (inferno) grow in brightness alone too, for those who see few colours.

    Args:
        image: (H, W, 3) blue-green-red.
        anomaly_map: (h, w), a coarse grid over the whole picture.
        quiet: value up to which nothing is drawn: the alarm's release.
        hottest: value that is drawn strongest: the peak's score.
    """
    height, width = image.shape[:2]
    heat = (np.clip(anomaly_map, quiet, hottest) - quiet) / max(hottest - quiet, 1e-6)
    smooth = cv2.resize(heat.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    heat = np.clip((smooth - GHOST) / (1 - GHOST), 0.0, 1.0)
    shades = cv2.convertScaleAbs(heat, alpha=255 * (1 - DARKEST), beta=255 * DARKEST)
    share = np.float32(STRONGEST) * np.sqrt(heat)
    colours = cv2.applyColorMap(shades, cv2.COLORMAP_INFERNO)
    return np.asarray(cv2.blendLinear(colours, image, share, 1 - share), np.uint8)


def draw_boxes(image: NDArray[np.uint8], boxes: Sequence[Box]) -> None:
    """Outlines boxes in place, white on black, so that they show on any ground."""
    height, width = image.shape[:2]
    for box in boxes:
        left, top = round(box.left * (width - 1)), round(box.top * (height - 1))
        right = round((box.left + box.width) * (width - 1))
        bottom = round((box.top + box.height) * (height - 1))
        cv2.rectangle(image, (left, top), (right, bottom), BLACK, 3)
        cv2.rectangle(image, (left, top), (right, bottom), WHITE, 1)
