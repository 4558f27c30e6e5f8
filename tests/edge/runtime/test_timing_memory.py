from __future__ import annotations

from pathlib import Path

import pytest

from ocrgan_edge.runtime.timing_memory import (
    FILE,
    MOST_KEPT,
    Circumstances,
    Timing,
    circumstances,
    recall,
    remember,
)

HERE = Circumstances(
    bundle_sha256="a" * 64, processor="N100", runtimes={"onnxruntime": "1.31.1"}, threads=2
)


def kept(folder: Path, key: Circumstances = HERE, milliseconds: float = 5.0) -> None:
    remember(folder, Timing(circumstances=key, milliseconds={"onnx-int8": milliseconds}))


def test_what_was_measured_is_known_at_the_next_start(tmp_path: Path) -> None:
    assert recall(tmp_path, HERE) is None
    kept(tmp_path)
    assert recall(tmp_path, HERE) == {"onnx-int8": 5.0}


@pytest.mark.parametrize(
    "change",
    [
        {"bundle_sha256": "b" * 64},
        {"processor": "N200"},
        {"runtimes": {"onnxruntime": "1.31.2"}},
        {"runtimes": {"onnxruntime": "1.31.1", "openvino": "2026.4.1"}},
        {"threads": 1},
    ],
)
def test_it_does_not_hold_in_other_circumstances(tmp_path: Path, change: dict[str, object]) -> None:
    kept(tmp_path)
    assert recall(tmp_path, HERE.model_copy(update=change)) is None


def test_a_new_timing_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    kept(tmp_path)
    kept(tmp_path, milliseconds=7.0)
    assert recall(tmp_path, HERE) == {"onnx-int8": 7.0}


def test_the_newest_ones_are_kept(tmp_path: Path) -> None:
    keys = [HERE.model_copy(update={"threads": number}) for number in range(1, MOST_KEPT + 2)]
    for key in keys:
        kept(tmp_path, key)
    assert [key for key in keys if recall(tmp_path, key) is None] == keys[:1]


@pytest.mark.parametrize("text", ["", "{", '{"schema_version": 2}', '{"timings": 3}'])
def test_a_file_that_cannot_be_understood_is_made_again(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert recall(tmp_path, HERE) is None
    kept(tmp_path)
    assert recall(tmp_path, HERE) == {"onnx-int8": 5.0}


def test_a_disk_that_refuses_costs_the_memory_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept(tmp_path / "not there")
    assert "how fast the targets are cannot be remembered" in caplog.text


def test_the_circumstances_name_this_machine_s_runtimes() -> None:
    found = circumstances("a" * 64, 2)
    assert {"onnxruntime", "openvino", "platform"} <= found.runtimes.keys()
    assert found.processor
