from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_edge.alerts.evidence.heat import draw_boxes, draw_heat
from ocrgan_edge.alerts.evidence.snapshot import Drawing, draw_snapshot

GRAY = np.full((200, 300, 3), 100, np.uint8)
# The map of `drawing` has 6 columns and 4 rows, 50 pixels each: it is hot in column 4, row 1.
HOT = (75, 225)
"""Middle of the hot place: row and column of the picture."""


def change(drawn: NDArray[np.uint8]) -> NDArray[np.int_]:
    """How much each pixel was changed."""
    return np.abs(drawn.astype(int) - GRAY).max(axis=2)


def test_the_hot_place_lies_where_the_map_is_hot(drawing: Drawing) -> None:
    changed = change(draw_heat(GRAY, drawing.anomaly_map, 1.5, 5.0))
    row, column = np.unravel_index(changed.argmax(), changed.shape)
    assert abs(row - HOT[0]) < 25
    assert abs(column - HOT[1]) < 25


def test_quiet_places_are_left_as_they_are(drawing: Drawing) -> None:
    drawn = draw_heat(GRAY, drawing.anomaly_map, 1.5, 5.0)
    assert (drawn[:, :150] == GRAY[:, :150]).all()
    assert (drawn[150:] == GRAY[150:]).all()


def test_a_quiet_map_shows_nothing_however_its_values_vary() -> None:
    varied = np.linspace(-3, 1.5, 24, dtype=np.float32).reshape(4, 6)
    assert (draw_heat(GRAY, varied, 1.5, 5.0) == GRAY).all()


def test_heat_grows_in_brightness_with_the_map() -> None:
    steps = np.repeat(np.array([[1.5, 2.5, 3.5, 5.0]], np.float32), 2, axis=0)
    dark = np.zeros((100, 400, 3), np.uint8)
    drawn = draw_heat(dark, steps, 1.5, 5.0).mean(axis=2)
    middles = [drawn[50, column] for column in (50, 150, 250, 350)]
    assert middles == sorted(middles)
    assert middles[0] < 5 < middles[3]


def test_places_that_do_not_count_are_quiet(drawing: Drawing) -> None:
    masked = drawing.anomaly_map.copy()
    masked[:, :3] = -np.inf
    assert (draw_heat(GRAY, masked, 1.5, 5.0)[:, :120] == GRAY[:, :120]).all()


def test_boxes_are_outlined_where_they_lie(drawing: Drawing) -> None:
    image = GRAY.copy()
    draw_boxes(image, drawing.state.boxes)
    outlined = change(image) > 50
    rows, columns = np.nonzero(outlined)
    assert (rows.min(), rows.max()) == pytest.approx((50, 100), abs=3)
    assert (columns.min(), columns.max()) == pytest.approx((200, 250), abs=3)
    assert not outlined[60:90, 210:240].any()


def test_a_snapshot_has_the_wanted_width_and_a_caption_below(drawing: Drawing) -> None:
    snapshot = draw_snapshot(GRAY, "door", drawing, 600)
    caption = snapshot[400:]
    assert snapshot.shape[1] == 600
    assert 40 <= len(caption) <= 60
    assert caption.max() > 200  # written upon


def test_two_lines_say_where_when_and_how_much(
    drawing: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("cv2.putText", lambda line, text, *rest: said.append(text) or line)
    state = drawing.state.model_copy(update={"zone": "yard"})
    draw_snapshot(GRAY, "door", replace(drawing, state=state), 640)
    assert said == ["door   2026-01-02 03:04:05 UTC", "score 5, threshold 2   70% motion   in yard"]


@pytest.mark.parametrize("camera", ["a" * 200, "Süd 東"])
def test_a_caption_stays_within_the_picture(camera: str, drawing: Drawing) -> None:
    snapshot = draw_snapshot(GRAY, camera, drawing, 320)
    assert (snapshot[-24:, -2:] == snapshot[-1, -1]).all()


def test_a_picture_on_its_side_is_drawn_too(drawing: Drawing) -> None:
    tall = np.zeros((64, 36, 3), np.uint8)
    assert draw_snapshot(tall, "door", drawing, 360).shape[:2] == (640 + 2 * 14, 360)
