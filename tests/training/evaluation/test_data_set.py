"""What is evaluated on."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.errors import DataError
from ocrgan_training.evaluation.data_set import count_frames, load_data_set
from ocrgan_training.evaluation.kinds import KindInterval, load_kinds


@pytest.fixture
def copy(data_set: Path, tmp_path: Path) -> Path:
    """A data set that a test may spoil."""
    return Path(shutil.copytree(data_set, tmp_path / "copy"))


def test_labelled_clips_are_those_of_test(data_set: Path) -> None:
    data = load_data_set(data_set)
    assert list(data.clips) == ["crossing", "quiet"]
    assert data.labels_of("crossing", 60).sum() == 20


def test_normal_clips_are_shared_out(data_set: Path) -> None:
    data = load_data_set(data_set)
    assert len(data.held_out) == 1
    assert len(data.background) == 2
    assert not data.held_out.keys() & data.background.keys()


def test_without_labels_the_held_out_clips_are_evaluated_as_normal(copy: Path) -> None:
    (copy / "labels.json").unlink()
    data = load_data_set(copy)
    assert data.clips == data.held_out
    assert data.labels is None
    assert not data.labels_of("normal1", 60).any()


def test_a_data_set_without_normal_clips_can_be_evaluated(copy: Path) -> None:
    shutil.rmtree(copy / "train")
    data = load_data_set(copy)
    assert not data.held_out
    assert len(data.clips) == 2


def test_neither_labels_nor_normal_clips_is_an_error(copy: Path) -> None:
    shutil.rmtree(copy / "train")
    (copy / "labels.json").unlink()
    with pytest.raises(DataError, match=r"no labels.json with test clips, nor normal clips"):
        load_data_set(copy)


def test_labels_of_another_length_are_refused_with_clip_and_both_counts(data_set: Path) -> None:
    data = load_data_set(data_set)
    with pytest.raises(DataError, match="clip quiet has 59 frames, but its labels are for 60"):
        data.labels_of("quiet", 59)


def test_masks_of_another_length_are_refused_with_clip_and_both_counts(data_set: Path) -> None:
    data = load_data_set(data_set)
    with pytest.raises(DataError, match="clip crossing has 61 frames, but its masks are for 60"):
        data.masks_of("crossing", 61)


def test_masks_are_optional(copy: Path) -> None:
    (copy / "masks.npz").unlink()
    assert load_data_set(copy).masks_of("crossing", 60) is None


def test_masks_are_found_by_clip(data_set: Path) -> None:
    masks = load_data_set(data_set).masks_of("crossing", 60)
    assert masks is not None
    assert np.flatnonzero(masks.any(axis=(1, 2))).tolist() == list(range(30, 50))


def test_frames_are_counted_for_progress(data_set: Path) -> None:
    assert count_frames(load_data_set(data_set).clips) == 120


def test_kinds_are_read_where_the_scene_wrote_them(tmp_path: Path) -> None:
    anomaly = {"kind": "runner", "start": 2.0, "end": 4.5}
    (tmp_path / "anomalies.json").write_text(json.dumps({"test01": [anomaly]}))
    assert load_kinds(tmp_path) == {"test01": (KindInterval("runner", 2.0, 4.5),)}


def test_a_data_set_without_kinds_has_none(tmp_path: Path) -> None:
    assert load_kinds(tmp_path) == {}


@pytest.mark.parametrize("text", ["[", "[1]", '{"a": [{"kind": "runner"}]}', '{"a": 3}'])
def test_broken_kinds_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "anomalies.json").write_text(text)
    with pytest.raises(DataError, match="not what ocrgan-scene writes"):
        load_kinds(tmp_path)


def test_a_published_data_set_is_evaluated_as_downloaded(data_set: Path, tmp_path: Path) -> None:
    folder = tmp_path / "UCSDped2"
    for number in (1, 2):
        place = folder / "Train" / f"Train00{number}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(data_set / "train" / f"normal{number}")
    (folder / "Test").mkdir()
    (folder / "Test" / "Test001").symlink_to(data_set / "test" / "crossing")
    (folder / "Test" / "UCSDped2.m").write_text(
        "TestVideoFile = {};\nTestVideoFile{end+1}.gt_frame = [31:50];\n"
    )
    data = load_data_set(folder)
    assert data.frames_per_second == 10.0
    assert np.flatnonzero(data.labels_of("Test001", 60)).tolist() == list(range(30, 50))
    assert len(data.held_out) == len(data.background) == 1


def test_clips_that_do_not_say_are_read_at_the_given_rate(data_set: Path) -> None:
    data = load_data_set(data_set, frames_per_second=25.0)
    assert data.open("quiet").frames_per_second == 25.0
