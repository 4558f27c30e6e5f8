"""Real targets, timed by real processes, on the tiny bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ocrgan_edge.bundle import Bundle
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime import target_timing
from ocrgan_edge.runtime.choose_target import choose_target, fastest
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.self_test import golden_windows
from ocrgan_edge.runtime.target_timing import latencies, time_target
from ocrgan_edge.runtime.timing_memory import FILE, Timing, circumstances, recall, remember

NAMES = ("openvino-int8", "onnx-int8", "onnx-fp32")
"""The usually fastest first."""


@pytest.mark.parametrize(
    ("milliseconds", "chosen"),
    [
        ({"openvino-int8": 5, "onnx-int8": 9, "onnx-fp32": 10}, "openvino-int8"),
        ({"openvino-int8": 9, "onnx-int8": 5, "onnx-fp32": 10}, "onnx-int8"),
        ({"openvino-int8": 10, "onnx-int8": 9.5, "onnx-fp32": 20}, "openvino-int8"),
        ({"onnx-int8": 5, "onnx-fp32": 2}, "onnx-fp32"),
        ({}, "openvino-int8"),
    ],
)
def test_the_fastest_is_taken_and_the_usual_one_if_it_is_nearly_as_fast(
    milliseconds: dict[str, float], chosen: str
) -> None:
    assert fastest(NAMES, milliseconds, "was measured").target == chosen


def test_without_a_state_folder_nothing_is_measured(tiny: Bundle) -> None:
    choice = choose_target(tiny, 1, None)
    assert choice.milliseconds == {}
    assert "not measured" in choice.reason


@pytest.fixture
def known(tiny: Bundle, tmp_path: Path) -> Path:
    milliseconds = {"onnx-fp32": 1.0, "openvino-fp16": 99.0}
    timing = Timing(circumstances=circumstances(tiny.sha256, 1), milliseconds=milliseconds)
    remember(tmp_path, timing)
    return tmp_path


def test_what_is_remembered_is_used(tiny: Bundle, known: Path) -> None:
    choice = choose_target(tiny, 1, known)
    assert choice.target == "onnx-fp32"
    assert choice.reason.startswith("onnx-fp32 1 ms, openvino-fp16 99 ms")
    assert choice.reason.endswith("measured on this machine before")


def test_a_bundle_with_one_target_has_no_choice(tiny: Bundle, tmp_path: Path) -> None:
    targets = {"onnx-fp32": tiny.target("onnx-fp32")}
    manifest = tiny.manifest.model_copy(update={"targets": targets})
    only = Bundle(tiny.path, manifest, {}, tiny.sha256)
    assert choose_target(only, 1, tmp_path).target == "onnx-fp32"
    assert not (tmp_path / FILE).exists()


@pytest.mark.slow
def test_the_first_start_times_every_target_and_remembers_it(
    tiny: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target_timing, "LONGEST", 120.0)  # the machine may be busy
    choice = choose_target(tiny, 1, tmp_path)
    assert choice.milliseconds.keys() == {"onnx-fp32", "openvino-fp16"}
    assert recall(tmp_path, circumstances(tiny.sha256, 1)) == choice.milliseconds
    assert choose_target(tiny, 1, tmp_path).target == choice.target


@pytest.mark.slow
def test_a_target_that_cannot_be_used_is_left_out_with_the_reason(
    rewrite: Callable[[dict[str, bytes]], Bundle], caplog: pytest.LogCaptureFixture
) -> None:
    broken = rewrite({"graphs/onnx-fp32.onnx": b"garbage"})
    assert time_target(broken, "onnx-fp32", 1, longest=120) is None
    assert "graph onnx-fp32 cannot be loaded" in caplog.text


def test_what_takes_too_long_says_nothing_about_the_target(tiny: Bundle) -> None:
    with pytest.raises(TimeoutError, match=r"timing onnx-fp32 took more than 0\.001 s"):
        time_target(tiny, "onnx-fp32", 1, longest=0.001)


def test_windows_are_timed_one_by_one_and_not_for_ever(tiny: Bundle) -> None:
    scorer = open_scorer(tiny, "onnx-fp32", threads=1)
    assert len(latencies(scorer, golden_windows(tiny), seconds=60, most=3)) == 3
    assert len(latencies(scorer, golden_windows(tiny), seconds=0)) == 1


def test_a_bundle_without_golden_windows_cannot_be_timed(
    rewrite: Callable[[dict[str, bytes]], Bundle], tiny: Bundle
) -> None:
    with pytest.raises(BundleError, match="has no golden windows"):
        golden_windows(rewrite({"golden.npz": tiny.member("statistics.npz")}))
