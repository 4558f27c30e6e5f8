from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.errors import DataError
from ocrgan_edge.video.clips import (
    check_frame_count,
    list_clips,
    load_labels,
    load_masks,
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data set whose test clips are one file and one folder."""
    (tmp_path / "test" / "b").mkdir(parents=True)
    (tmp_path / "test" / "a.mkv").touch()
    (tmp_path / "labels.json").write_text(json.dumps({"b": [1], "a": [0, 0, 1]}))
    return tmp_path


def test_clips_are_files_and_folders_by_name(data: Path) -> None:
    clips = list_clips(data / "test")
    assert list(clips.items()) == [("a", data / "test/a.mkv"), ("b", data / "test/b")]


def test_notes_hidden_files_and_ground_truth_folders_are_no_clips(data: Path) -> None:
    (data / "test/readme.txt").touch()
    (data / "test/.hidden.mkv").touch()
    (data / "test/b_gt").mkdir()
    assert list(list_clips(data / "test")) == ["a", "b"]


def test_a_name_with_dots_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "2024.05.01.mp4").touch()
    (tmp_path / "v1.2").mkdir()
    assert list(list_clips(tmp_path)) == ["2024.05.01", "v1.2"]


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder of clips at .*/train"):
        list_clips(tmp_path / "train")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no clips: neither video files nor folders"):
        list_clips(tmp_path)


def test_two_clips_of_one_name_are_refused(data: Path) -> None:
    (data / "test/a.avi").touch()
    with pytest.raises(DataError, match=r"clip 'a' is there twice: .*a\.avi and .*a\.mkv"):
        list_clips(data / "test")


def test_labels_are_one_truth_value_per_frame(data: Path) -> None:
    labels = load_labels(data)
    assert labels["a"].tolist() == [False, False, True]
    assert labels["b"].dtype == np.bool_


def test_missing_labels_are_refused(data: Path) -> None:
    (data / "labels.json").unlink()
    with pytest.raises(DataError, match=r"there are no labels at .*labels\.json"):
        load_labels(data)


@pytest.mark.parametrize("text", ["{", "[]", '{"a": [0, 2], "b": [1]}', '{"a": [], "b": [1]}'])
def test_labels_of_another_form_are_refused(data: Path, text: str) -> None:
    (data / "labels.json").write_text(text)
    with pytest.raises(DataError, match=r"labels\.json"):
        load_labels(data)


def test_a_clip_without_labels_is_named(data: Path) -> None:
    (data / "labels.json").write_text('{"a": [0]}')
    with pytest.raises(DataError, match="has no labels for clip 'b'"):
        load_labels(data)


def test_labels_without_a_clip_are_named(data: Path) -> None:
    (data / "labels.json").write_text('{"a": [0], "b": [0], "c": [1]}')
    with pytest.raises(DataError, match="has labels for 'c', which is no clip"):
        load_labels(data)


def test_masks_are_read_per_clip(data: Path) -> None:
    np.savez_compressed(data / "masks.npz", a=np.ones((3, 4, 5), np.bool_))
    masks = load_masks(data)
    assert list(masks) == ["a"]
    assert masks["a"].shape == (3, 4, 5)
    assert "b" not in masks


def test_a_data_set_without_masks_has_none(data: Path) -> None:
    assert dict(load_masks(data)) == {}


def test_masks_without_a_clip_are_named(data: Path) -> None:
    np.savez_compressed(data / "masks.npz", z=np.ones((3, 4, 5), np.bool_))
    with pytest.raises(DataError, match="has masks of 'z', which is no clip"):
        load_masks(data)


def test_masks_that_are_no_masks_are_refused(data: Path) -> None:
    (data / "masks.npz").write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"masks\.npz cannot be read"):
        load_masks(data)
    np.savez_compressed(data / "masks.npz", a=np.ones((3, 4), np.bool_))
    with pytest.raises(DataError, match=r"a has shape \(3, 4\), not \(frames,H,W\)"):
        load_masks(data)["a"]


def test_a_wrong_count_names_the_clip_and_both_counts() -> None:
    check_frame_count("Test003", 150, "labels", 150)
    with pytest.raises(DataError, match="clip Test003 has 150 frames, but its labels are for 149"):
        check_frame_count("Test003", 150, "labels", 149)
