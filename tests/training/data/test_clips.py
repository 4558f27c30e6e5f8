"""Training clips: shared out by clip, checked, decoded as the device does."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrgan_edge.errors import DataError
from ocrgan_training.data.clips import (
    ClipSpec,
    find_recordings,
    fingerprint,
    load_clip,
    load_clips,
)

WriteClips = Callable[..., Path]
SPEC = ClipSpec(height=32, width=48, frames_per_second=10.0, shortest=8)


def test_a_clip_is_held_out_and_not_trained_on(tmp_path: Path, write_clips: WriteClips) -> None:
    recordings = find_recordings(write_clips(tmp_path, (8, 8, 8)))
    assert list(recordings.training) == ["walk0", "walk2"]
    assert list(recordings.held_out) == ["walk1"]
    assert sorted(recordings.sha256) == ["walk0", "walk1", "walk2"]


def test_of_a_recording_alone_the_middle_is_held_out(
    tmp_path: Path, write_clips: WriteClips
) -> None:
    recordings = find_recordings(write_clips(tmp_path, (30,)))
    assert list(recordings.training) == ["walk0-1", "walk0-3"]
    assert list(recordings.held_out) == ["walk0-2"]
    whole = fingerprint(tmp_path / "train" / "walk0")
    assert set(recordings.sha256.values()) == {whole}
    assert [len(clip.frames) for clip in load_clips(recordings.held_out, SPEC)] == [10]


def test_a_training_clip_labelled_abnormal_is_refused_by_name(
    tmp_path: Path, write_clips: WriteClips
) -> None:
    data = write_clips(tmp_path, (8, 8))
    (data / "labels.json").write_text(json.dumps({"walk1": [0, 0, 1, 0, 0, 0, 0, 0]}))
    with pytest.raises(DataError, match="'walk1' is labelled abnormal"):
        find_recordings(data)


def test_a_label_of_the_test_clip_with_the_same_name_is_not_the_training_clips(
    tmp_path: Path, write_clips: WriteClips
) -> None:
    data = write_clips(tmp_path, (8, 8))
    (data / "test" / "walk1").mkdir(parents=True)
    (data / "labels.json").write_text(json.dumps({"walk1": [0, 1]}))
    assert len(find_recordings(data).training) == 1


def test_labels_that_are_no_table_are_refused(tmp_path: Path, write_clips: WriteClips) -> None:
    data = write_clips(tmp_path, (8, 8))
    (data / "labels.json").write_text("[1, 2]")
    with pytest.raises(DataError, match=r"labels\.json"):
        find_recordings(data)


def test_clips_are_decoded_to_the_models_size(tmp_path: Path, write_clips: WriteClips) -> None:
    data = write_clips(tmp_path, (9, 8))
    told: list[str] = []
    clips = load_clips(find_recordings(data).training, SPEC, told.append)
    assert told == [clip.name for clip in clips]
    assert clips[0].frames.dtype == np.uint8
    assert clips[0].frames.shape[1:] == (32, 48, 3)


def test_a_slower_model_clock_leaves_frames_out(tmp_path: Path, write_clips: WriteClips) -> None:
    folder = write_clips(tmp_path, (40,)) / "train" / "walk0"
    slow = ClipSpec(height=32, width=32, frames_per_second=5.0, shortest=8)
    assert len(load_clip("walk0", folder, slow).frames) == 20


def test_a_clip_shorter_than_a_window_is_refused_by_name(
    tmp_path: Path, write_clips: WriteClips
) -> None:
    folder = write_clips(tmp_path, (7,)) / "train" / "walk0"
    with pytest.raises(DataError, match="'walk0' has 7 frames .* needs 8"):
        load_clip("walk0", folder, SPEC)


def test_clips_shorter_than_a_window_are_left_out_of_several(
    tmp_path: Path, write_clips: WriteClips
) -> None:
    paths = {path.name: path for path in (write_clips(tmp_path, (8, 7, 9)) / "train").iterdir()}
    assert sorted(clip.name for clip in load_clips(paths, SPEC)) == ["walk0", "walk2"]


def test_the_first_of_clips_that_are_all_too_short_is_named(
    tmp_path: Path, write_clips: WriteClips
) -> None:
    train = write_clips(tmp_path, (7, 6)) / "train"
    with pytest.raises(DataError, match="'walk0' has 7 frames"):
        load_clips({name: train / name for name in ("walk0", "walk1")}, SPEC)


def test_a_clip_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    broken = tmp_path / "broken.avi"
    broken.write_bytes(b"no video at all" * 100)
    with pytest.raises(DataError, match="'broken' cannot be read"):
        load_clip("broken", broken, SPEC)


def test_clips_that_take_too_much_memory_are_refused(
    tmp_path: Path, write_clips: WriteClips
) -> None:
    data = write_clips(tmp_path, (8, 8, 8))
    tight = ClipSpec(32, 32, 10.0, 8, memory=10 * 32 * 32 * 3)
    with pytest.raises(DataError, match="smaller --size"):
        load_clips(find_recordings(data).training, tight)


def test_the_fingerprint_of_a_folder_sees_content_and_names(
    tmp_path: Path, write_clips: WriteClips
) -> None:
    folder = write_clips(tmp_path, (3,)) / "train" / "walk0"
    first = fingerprint(folder)
    assert first == fingerprint(folder)
    (folder / "002.png").rename(folder / "003.png")
    renamed = fingerprint(folder)
    cv2.imwrite(str(folder / "003.png"), np.zeros((32, 32, 3), np.uint8))
    assert len({first, renamed, fingerprint(folder)}) == 3
