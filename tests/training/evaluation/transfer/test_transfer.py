"""`ocrgan-transfer` as a person uses it, and the subsets that it learns from."""

import json
from pathlib import Path

import pytest

from ocrgan_edge.command_line import run
from ocrgan_edge.errors import DataError
from ocrgan_training.data.published import open_data_folder
from ocrgan_training.evaluation.transfer.__main__ import app
from ocrgan_training.evaluation.transfer.subset import write_subset


def transfer(*arguments: object) -> int:
    return run(lambda: app([str(argument) for argument in arguments], standalone_mode=False))


def test_a_subset_has_the_first_clips_and_the_whole_test(data_set: Path, tmp_path: Path) -> None:
    minutes = write_subset(data_set, tmp_path / "less", 0.15)  # clips of 6 s: two are 0.2 min
    assert minutes == pytest.approx(0.2)
    less, whole = open_data_folder(tmp_path / "less"), open_data_folder(data_set)
    assert list(less.training()) == ["normal0", "normal1"]
    assert list(less.test()) == list(whole.test())
    assert {k: v.tolist() for k, v in less.labels().items()} == {
        k: v.tolist() for k, v in whole.labels().items()
    }


def test_two_clips_are_the_least_and_all_of_them_can_be_asked_for(
    data_set: Path, tmp_path: Path
) -> None:
    assert write_subset(data_set, tmp_path / "a", 0.01) == pytest.approx(0.2)
    assert write_subset(data_set, tmp_path / "a", None) == pytest.approx(0.3)  # written anew
    assert len(open_data_folder(tmp_path / "a").training()) == 3


def test_more_than_there_is_is_refused(data_set: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has 0\.30 minutes in train/, 5 are asked for"):
        write_subset(data_set, tmp_path / "a", 5.0)


@pytest.mark.slow
def test_every_length_of_recording_is_trained_for_every_length_of_training(
    data_set: Path, tmp_path: Path
) -> None:
    options = ("--data", data_set, "--out", tmp_path, "--preset", "nano", "--size", "96x96")
    lengths = ("--recording", "0.2,all", "--steps", "2,1", "--threads", 1)
    assert transfer(*options, *lengths) == 0
    found = json.loads((tmp_path / "transfer.json").read_text())
    asked = [(round(one["recording"], 1), one["budget"]) for one in found["points"]]
    assert asked == [(0.2, "1 steps"), (0.2, "2 steps"), (0.3, "1 steps"), (0.3, "2 steps")]
    assert all(0 <= one["auc"] <= 1 and one["events"] == 1 for one in found["points"])
    assert found["baselines"][data_set.name] > 0.9  # the block is bright and quick
    assert "0.3 | 2 steps" in (tmp_path / "transfer.md").read_text()
    assert "| causal AUC | pixel AUC |" in (tmp_path / "transfer.md").read_text()
    assert (tmp_path / "transfer.png").stat().st_size > 5000

    trained = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/*.safetensors")}
    assert len(trained) == 4
    assert transfer(*options, *lengths) == 0  # nothing is done twice
    assert all(path.stat().st_mtime_ns == written for path, written in trained.items())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "give --minutes or --steps"),
        (("--minutes", "1", "--steps", "1"), "give --minutes or --steps"),
        (("--minutes", "soon"), "--minutes has 'soon'"),
        (("--steps", "1", "--recording", "-1"), "--recording has '-1'"),
        (("--steps", "1", "--preset", "huge"), "there is no preset 'huge'"),
    ],
)
def test_what_the_user_can_put_right_is_one_line(
    data_set: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert transfer("--data", data_set, "--out", tmp_path, *options) == 2
    assert message in capsys.readouterr().err
