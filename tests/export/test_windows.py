from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.errors import DataError
from ocrgan_export.windows import sample_windows, spread

SPEC = InputSpec(frames=8, height=32, width=32, frames_per_second=10)


def write_clip(folder: Path, frames: int) -> Path:
    folder.mkdir(parents=True)
    for index in range(frames):
        cv2.imwrite(str(folder / f"{index:03}.png"), np.full((32, 32, 3), index, np.uint8))
    return folder


def numbered(count: int):
    return (np.full((1, 1, 1, 3), index % 256, np.uint8) for index in range(count))


def test_windows_are_evenly_spaced_from_the_first_to_the_last():
    found = [int(window[0, 0, 0, 0]) for window in spread(numbered(9), 5)]
    assert found == [0, 2, 4, 6, 8]


def test_fewer_windows_than_wanted_are_all_taken():
    assert len(spread(numbered(3), 5)) == 3


@given(st.integers(0, 250), st.integers(1, 30))
def test_no_window_is_taken_twice_and_order_is_kept(length, count):
    found = [int(window[0, 0, 0, 0]) for window in spread(numbered(length), count)]
    assert len(found) == min(length, count)
    assert found == sorted(set(found))


def test_every_clip_has_its_share(tmp_path):
    clips = {name: write_clip(tmp_path / name, 24) for name in ("a", "b")}
    found = sample_windows(clips, SPEC, 4)
    assert len(found) == 4
    assert all(window.shape == (8, 32, 32, 3) for window in found)


def test_the_same_clips_give_the_same_windows(tmp_path):
    clips = {"a": write_clip(tmp_path / "a", 30)}
    one, other = sample_windows(clips, SPEC, 3), sample_windows(clips, SPEC, 3)
    np.testing.assert_array_equal(one, other)


def test_clips_that_are_too_short_are_an_error(tmp_path):
    clips = {"short": write_clip(tmp_path / "short", 1)}
    with pytest.raises(DataError, match="short gives a window: all are too short"):
        sample_windows(clips, SPEC, 3)
