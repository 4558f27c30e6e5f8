from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.detection.drift import Moments
from ocrgan_edge.detection.drift_file import read_drift, write_drift
from ocrgan_edge.runtime.scorer import LocationStatistics

GRID = (5, 2, 3)
CALIBRATED = LocationStatistics.neutral(GRID)
MOMENTS = Moments(np.full(GRID, 0.25), np.full(GRID, 0.5))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_drift(tmp_path / "drift.npz", MOMENTS, CALIBRATED)
    return tmp_path / "drift.npz"


def test_what_was_kept_is_read_back(path: Path) -> None:
    found = read_drift(path, CALIBRATED)
    assert found is not None
    assert (found.mean == 0.25).all()
    assert (found.variance == 0.5).all()


def test_drift_from_another_calibration_is_not_used(path: Path) -> None:
    other = LocationStatistics(CALIBRATED.mean, CALIBRATED.scale * 2)
    assert read_drift(path, other) is None


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", b"no archive"])
def test_a_file_that_cannot_be_read_is_as_good_as_none(path: Path, content: bytes | None) -> None:
    path.unlink() if content is None else path.write_bytes(content)
    assert read_drift(path, CALIBRATED) is None


def test_moments_that_are_no_numbers_are_not_used(path: Path) -> None:
    write_drift(path, Moments(np.full(GRID, np.nan), MOMENTS.variance), CALIBRATED)
    assert read_drift(path, CALIBRATED) is None
