"""`ocrgan-stage` as a person uses it."""

import json
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.command_line import run
from ocrgan_edge.video.scene.data_set import write_clip
from ocrgan_edge.video.scene.renderer import render
from ocrgan_edge.video.scene.spec import SceneSpec
from ocrgan_training.data.published import open_data_folder
from ocrgan_training.data.staging.__main__ import app


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """23 seconds of normal life, small."""
    path = tmp_path_factory.mktemp("recording") / "yard.avi"
    spec = SceneSpec(width=160, height=112, frames_per_second=10.0, seconds=23.0)
    write_clip(path, 10.0, render(spec), lambda: None)
    return path


def stage(*arguments: object) -> int:
    return run(lambda: app([str(argument) for argument in arguments], standalone_mode=False))


def test_a_recording_becomes_a_data_set_with_anomalies_in_its_end(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--video", recording, "--people", "100:36,60:20", "--clip-seconds", 5, "--takes", 2)
    assert stage(*options, "--out", tmp_path / "a") == 0
    assert "2 training and 4 test clips" in capsys.readouterr().out  # 4 whole clips, 3 s left over
    folder = open_data_folder(tmp_path / "a")
    assert list(folder.training()) == ["clip001", "clip002"]
    names = ["clip003-take1", "clip003-take2", "clip004-take1", "clip004-take2"]
    assert list(folder.test()) == names
    labels, masks = folder.labels(), folder.masks()
    for clip in folder.test():
        assert len(labels[clip]) == 50
        assert 0 < np.count_nonzero(labels[clip]) < 50
        assert np.array_equal(masks[clip].any(axis=(1, 2)), labels[clip])
    kinds = json.loads((tmp_path / "a" / "anomalies.json").read_text())
    assert [[one["kind"] for one in kinds[clip]] for clip in sorted(kinds)] == [
        ["runner"],
        ["cyclist"],
        ["vehicle"],
        ["skater"],
    ]

    assert stage(*options, "--out", tmp_path / "b") == 0  # the same seed stages the same
    for file in sorted((tmp_path / "a").rglob("*.avi")):
        again = tmp_path / "b" / file.relative_to(tmp_path / "a")
        assert again.read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--people", "1:2"), 2, "--people is '1:2'"),
        (("--people", "100:36,60:20", "--clip-seconds", 10), 6, "has 2 clips of 10 s"),
        (("--people", "100:36,60:20", "--clip-seconds", 1), 2, "too short, wanted 5 or more"),
        (("--people", "100:36,60:20", "--takes", 0), 2, "0 takes of every test clip"),
        (("--people", "100:36,60:20", "--test-share", 1), 2, "share of test clips is 1.0"),
    ],
)
def test_what_the_user_can_put_right_is_one_line(
    recording: Path,
    tmp_path: Path,
    options: tuple[object, ...],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert stage("--video", recording, "--out", tmp_path / "out", *options) == code
    assert message in capsys.readouterr().err


def test_a_folder_with_something_in_it_is_not_written_to(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    people = ("--people", "100:36,60:20")
    assert stage("--video", recording, *people, "--clip-seconds", 5, "--out", tmp_path) != 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
