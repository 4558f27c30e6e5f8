"""The picture that tells an event: its peak with heat map, boxes and a caption."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.alerts.event import EventState
from ocrgan_edge.alerts.evidence.heat import WHITE, draw_boxes, draw_heat

LINE = 24
"""Height of a line of the caption at a width of 640."""

GROUND = 24
"""Gray level under the caption."""

FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn into the peak's frame."""

    anomaly_map: NDArray[np.float32]
    """(h, w), whose largest value is the peak's score: `detection.explain.recent_map`."""

    release: float
    """Value up to which a place is quiet."""

    wall: datetime
    """Wall time of the peak, with its time zone."""

    state: EventState
    """Gives score, threshold, boxes, shares and zone."""


def draw_snapshot(
    image: NDArray[np.uint8], camera: str, drawing: Drawing, width: int
) -> NDArray[np.uint8]:
    """The picture at `width`, with the heat map in it and two lines of caption below.

    Args:
        image: (H, W, 3) blue-green-red, the frame of the peak.
        camera: its name.
        drawing: what is to be seen and said.
        width: of the result; a smaller picture is enlarged so that the caption can be read.
    """
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
    state = drawing.state
    drawn = draw_heat(
        np.asarray(resized, np.uint8), drawing.anomaly_map, drawing.release, state.peak_score
    )
    draw_boxes(drawn, state.boxes)
    when = drawing.wall.astimezone(UTC)
    first = f"{camera}   {when:%Y-%m-%d %H:%M:%S} UTC"
    return np.vstack([drawn, _line(first, width), _line(_facts(state), width)])


def _facts(state: EventState) -> str:
    term, share = max(state.shares, key=lambda pair: pair[1])
    zone = "" if state.zone is None else f"   in {state.zone}"
    return (
        f"score {state.peak_score:.3g}, threshold {state.threshold:.3g}   {share:.0%} {term}{zone}"
    )


def _line(text: str, width: int) -> NDArray[np.uint8]:
    """One line of the caption, its text as large as the width allows."""
    if int(cv2.__version__.split(".")[0]) < 5:
        # Older OpenCV has no letters but these.
        text = text.encode("ascii", "replace").decode()
    height = max(12, round(LINE * width / 640))
    margin = height // 3
    size = 0.5 * height / LINE
    room = width - 2 * margin
    taken = cv2.getTextSize(text, FONT, size, 1)[0][0]
    line = np.full((height, width, 3), GROUND, np.uint8)
    place = (margin, round(height * 0.71))
    cv2.putText(line, text, place, FONT, size * min(1.0, room / taken), WHITE, 1, cv2.LINE_AA)
    return line
