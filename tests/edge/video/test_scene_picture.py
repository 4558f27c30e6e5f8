from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from ocrgan_edge.errors import DataError
from ocrgan_edge.video.scene.__main__ import app
from ocrgan_edge.video.scene.picture import CAPTION, DARK, contact_sheet
from ocrgan_edge.video.scene.renderer import Renderer
from ocrgan_edge.video.scene.spec import SceneSpec

SIZE = ["--size", "96x64"]
SCENE = SceneSpec(width=96, height=64, seconds=2.0)
"""Shorter than what the sheet shows."""
CELL = 64 + CAPTION


@pytest.fixture(scope="module")
def sheet() -> NDArray[np.uint8]:
    return contact_sheet(SCENE)


def test_a_sheet_has_a_normal_frame_and_one_of_each_kind(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    done = CliRunner().invoke(app, ["--picture", str(path), *SIZE])
    assert (done.exit_code, done.output) == (0, "")
    sheet = cv2.imread(str(path))
    assert sheet is not None
    assert sheet.shape == (3 * CELL, 3 * 96, 3)


def test_captions_are_below_the_frames_not_on_them(sheet: NDArray[np.uint8]) -> None:
    normal = Renderer(SCENE).frame(0)
    assert np.array_equal(sheet[:64, :96], normal)
    for top in range(64, sheet.shape[0], CELL):
        strip = sheet[top : top + CAPTION]
        assert (strip == DARK).all(axis=2).mean() > 0.7
        assert strip.max() > 150  # words


def test_anomalies_are_outlined_in_red_and_the_normal_frame_is_not(
    sheet: NDArray[np.uint8],
) -> None:
    red = (sheet == (0, 0, 255)).all(axis=2)
    cells = [
        red[y : y + 64, x : x + 96].any() for y in range(0, 3 * CELL, CELL) for x in (0, 96, 192)
    ]
    assert cells == [False] + [True] * 8


@pytest.mark.parametrize("name", ["missing/sheet.png", "sheet.nothing"])
def test_a_picture_that_cannot_be_written_is_an_error(tmp_path: Path, name: str) -> None:
    done = CliRunner().invoke(app, ["--picture", str(tmp_path / name), *SIZE])
    assert done.exit_code == DataError.exit_code
    assert done.stderr.startswith(f"error: picture {tmp_path / name} cannot be written: ")
