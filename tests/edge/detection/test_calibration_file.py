from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.detection.calibration_file import (
    read_calibrated,
    read_profiles,
    target_calibrated,
    write_calibrated,
    write_profiles,
)
from ocrgan_edge.detection.self_calibration import Calibrated
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.whole_file import unfinished_name

GRID = (5, 2, 3)
MODEL = "ab12 onnx-int8"
LEARNED = Calibrated(
    statistics=LocationStatistics(
        np.arange(30, dtype=np.float32).reshape(GRID), np.full(GRID, 0.5, np.float32)
    ),
    threshold=4.25,
    median=0.5,
    windows=120,
    minutes=2.5,
    warning="10% – ‘left out’",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "door.npz"


def test_what_was_learned_is_read_back(path: Path) -> None:
    write_calibrated(path, LEARNED, MODEL)
    found = read_calibrated(path, MODEL, GRID)
    assert (found.statistics.mean == LEARNED.statistics.mean).all()
    assert (found.statistics.scale == LEARNED.statistics.scale).all()
    assert replace(found, statistics=LEARNED.statistics).__dict__ == LEARNED.__dict__


def test_no_warning_stays_none(path: Path) -> None:
    write_calibrated(path, replace(LEARNED, warning=None), MODEL)
    assert read_calibrated(path, MODEL, GRID).warning is None


def test_writing_again_replaces_it_and_leaves_nothing_else(path: Path) -> None:
    write_calibrated(path, LEARNED, MODEL)
    write_calibrated(path, replace(LEARNED, threshold=9.0), MODEL)
    assert read_calibrated(path, MODEL, GRID).threshold == 9.0
    assert [*path.parent.iterdir()] == [path]


def test_a_disk_that_is_full_harms_nothing(path: Path) -> None:
    write_calibrated(path, LEARNED, MODEL)
    path.with_name(unfinished_name(path.name)).symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        write_calibrated(path, replace(LEARNED, threshold=9.0), MODEL)
    assert read_calibrated(path, MODEL, GRID).threshold == 4.25
    assert [*path.parent.iterdir()] == [path]


def test_what_was_learned_under_another_model_is_refused(path: Path) -> None:
    write_calibrated(path, LEARNED, MODEL)
    with pytest.raises(DataError, match="was made for another model: calibrate again"):
        read_calibrated(path, "cd34 onnx-int8", GRID)


@pytest.mark.parametrize("length", [0, 10, 300])
def test_a_file_that_was_cut_short_is_refused(path: Path, length: int) -> None:
    write_calibrated(path, LEARNED, MODEL)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DataError, match="is no array file"):
        read_calibrated(path, MODEL, GRID)


def test_a_file_that_is_missing_is_refused(path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_calibrated(path, MODEL, GRID)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"threshold": float("nan")}, "not finite"),
        (
            {"statistics": LocationStatistics.neutral((5, 2, 4))},
            r"other statistics than float32 \(5, 2, 3\)",
        ),
        (
            {"statistics": LocationStatistics(np.zeros(GRID, "f4"), np.zeros(GRID, "f4"))},
            "a scale that is not above 0",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(path: Path, change: dict, sentence: str) -> None:
    write_calibrated(path, replace(LEARNED, **change), MODEL)
    with pytest.raises(DataError, match=sentence):
        read_calibrated(path, MODEL, GRID)


def test_what_would_be_unpickled_is_refused(path: Path) -> None:
    np.savez(path, mean=np.array([object()], dtype=object))
    with pytest.raises(DataError, match="is no array file"):
        read_calibrated(path, MODEL, GRID)


def test_day_and_night_lie_in_one_file(path: Path) -> None:
    night = replace(LEARNED, threshold=9.0, warning=None)
    write_profiles(path, {"day": LEARNED, "night": night}, MODEL)
    found = read_profiles(path, MODEL, GRID)
    assert [*found] == ["day", "night"]
    assert (found["day"].threshold, found["night"].threshold) == (4.25, 9.0)


def test_a_profile_that_the_file_lacks_is_refused(path: Path) -> None:
    write_profiles(path, {"day": LEARNED}, MODEL)
    with pytest.raises(DataError, match="has nothing for night: calibrate again"):
        read_calibrated(path, MODEL, GRID, "night")


def test_files_of_earlier_versions_hold_always(path: Path) -> None:
    numbers = {"threshold": 4.25, "median": 0.5, "windows": 120.0, "minutes": 2.5}
    np.savez_compressed(
        path,
        mean=LEARNED.statistics.mean,
        scale=LEARNED.statistics.scale,
        warning=np.array(""),
        model=np.array(MODEL),
        **{name: np.array(value) for name, value in numbers.items()},
    )
    assert [*read_profiles(path, MODEL, GRID)] == ["always"]
    assert read_calibrated(path, MODEL, GRID).threshold == 4.25


def test_a_file_says_for_which_target_it_is(path: Path) -> None:
    write_calibrated(path, LEARNED, MODEL)
    assert target_calibrated(path, "ab12") == "onnx-int8"
    assert target_calibrated(path, "cd34") is None
