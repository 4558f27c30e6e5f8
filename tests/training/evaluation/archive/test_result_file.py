"""The one file of an archive run."""

from dataclasses import replace
from pathlib import Path

import pytest

from ocrgan_edge.errors import DataError, SettingsError
from ocrgan_training.evaluation.archive.result_file import ResultFile, stamp
from ocrgan_training.evaluation.archive.work import Job, Scored

JOB = Job("yard.ocrgan", "ab" * 32, "onnx-int8", hop=4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "results.sqlite"


def test_results_come_back_in_the_order_of_names(path: Path) -> None:
    with ResultFile(path, JOB) as file:
        file.add(Scored("b", "host", b"two"), "1")
        file.add(Scored("a", "host", b"one"), "1")
        assert [(one.clip, one.scores) for one in file.results()] == [("a", b"one"), ("b", b"two")]


def test_a_clip_is_kept_once_and_as_it_came_first(path: Path) -> None:
    with ResultFile(path, JOB) as file:
        assert file.add(Scored("a", "host", b"one"), "1")
        assert not file.add(Scored("a", "other", b"two"), "1")
        assert [one.scores for one in file.results()] == [b"one"]


def test_what_is_added_is_on_disk_at_once(path: Path) -> None:
    with ResultFile(path, JOB) as file:
        file.add(Scored("a", "host", b"one"), "1")
        with ResultFile(path, JOB) as reader:
            assert reader.names() == {"a"}


def test_unreadable_and_changed_clips_are_scored_again(path: Path) -> None:
    with ResultFile(path, JOB) as file:
        file.add(Scored("fine", "host", b"one"), "1")
        file.add(Scored("broken", "host", error="no video"), "1")
        file.add(Scored("changed", "host", b"one"), "1")
        file.forget_unusable({"fine": "1", "broken": "1", "changed": "2"})
        assert file.names() == {"fine"}


@pytest.mark.parametrize(
    "other",
    [replace(JOB, hop=2), replace(JOB, sha256="cd" * 32), replace(JOB, target="onnx-fp32")],
)
def test_results_of_another_job_are_not_mixed(path: Path, other: Job) -> None:
    ResultFile(path, JOB).close()
    with pytest.raises(SettingsError, match="holds results of another run"):
        ResultFile(path, other)


def test_the_same_bundle_elsewhere_is_the_same_job(path: Path) -> None:
    ResultFile(path, JOB).close()
    ResultFile(path, replace(JOB, bundle="elsewhere/yard.ocrgan", threads=4)).close()


def test_what_is_no_result_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    path.write_text("hello " * 1000)
    with pytest.raises(DataError, match="cannot be used"):
        ResultFile(path, JOB)


def test_a_stamp_tells_when_a_clip_has_changed(tmp_path: Path) -> None:
    clip = tmp_path / "clip.avi"
    clip.write_bytes(b"1234")
    before = stamp(clip)
    assert stamp(clip) == before
    clip.write_bytes(b"12345")
    assert stamp(clip) != before
