from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.doctor.bundle import Question, check_bundle
from ocrgan_edge.doctor.finding import Finding
from ocrgan_edge.doctor.target import when_too_slow
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.timing_memory import Timing, circumstances, remember

QUICK = 0.01
UPSAMPLING = {
    "image = Reshape (gray, one_channel)": "given_image = Reshape (gray, one_channel)\n"
    "    [upsampling] image = ConvTranspose (given_image, itself)",
    "<int64[4] video": "<float[1,1,1,1] itself = {1.0}, int64[4] video",
}
"""A multiplication, by 1, that ONNX Runtime has no INT8 kernel for."""
OTHER_ORDER = {
    "frame_scores = ReduceMax <keepdims = 0> (anomaly_map, inside)": "most = ReduceMax "
    "<keepdims = 0> (anomaly_map, inside)\n    frame_scores = Neg (most)",
}


def looked_at(path: Path, target: str = "all", **more: object) -> dict[tuple[str, str], Finding]:
    question = Question(path, target, QUICK, **more)
    return {(found.about, found.name): found for found in check_bundle(question)}


def test_a_bundle_that_is_well_is_ok_in_every_line(tiny_bundle: Path) -> None:
    found = looked_at(tiny_bundle, "onnx-fp32")
    assert [name for _, name in found] == [
        "content",
        "start_up",
        "self_test",
        "precision",
        "parity",
        "latency",
    ]
    assert {finding.state for finding in found.values()} == {"ok"}


def test_latency_is_told_in_percentiles_beside_what_a_camera_needs(tiny_bundle: Path) -> None:
    data = looked_at(tiny_bundle, "onnx-fp32")["onnx-fp32", "latency"].data
    assert 0 < data["p50_ms"] <= data["p95_ms"] <= data["p99_ms"]
    assert data["budget_ms"] == 400  # hop 4 at 10 frames/s
    assert data["threads"] == 1


def test_a_form_that_the_bundle_does_not_have_fails_the_choice_and_nothing_else(
    tiny_bundle: Path,
) -> None:
    found = looked_at(tiny_bundle, form="step")
    assert found["bundle", "choice"].state == "failed"
    assert found["onnx-fp32", "latency"].state == "ok"


@pytest.mark.parametrize("damage", ["missing", "truncated", "altered"])
def test_a_bundle_that_is_not_whole_fails(tiny_bundle: Path, tmp_path: Path, damage: str) -> None:
    path, data = tmp_path / "door.ocrgan", tiny_bundle.read_bytes()
    if damage != "missing":
        middle = len(data) // 2
        path.write_bytes(data[:middle] + (b"" if damage == "truncated" else b"x" + data[middle:]))
    found = looked_at(path)
    assert [*found] == [("bundle", "content")]
    assert found["bundle", "content"].state == "failed"
    assert found["bundle", "content"].advice


def test_a_transposed_convolution_left_in_float_is_named(with_int8: Callable[..., Path]) -> None:
    found = looked_at(with_int8(UPSAMPLING), "onnx-int8")["onnx-int8", "precision"]
    assert found.state == "warning"
    assert found.value.endswith("in float: upsampling")
    assert found.data["float_nodes"] == {"upsampling": 8 * 32 * 32}
    assert found.data["int8_share_of_macs"] == 0


def test_less_int8_than_the_bundle_promises_fails(with_int8: Callable[..., Path]) -> None:
    found = looked_at(with_int8(UPSAMPLING, 0.97), "onnx-int8")["onnx-int8", "precision"]
    assert found.state == "failed"
    assert found.advice
    assert "97.0%" in found.advice


def test_an_int8_target_that_ranks_differently_fails(with_int8: Callable[..., Path]) -> None:
    found = looked_at(with_int8(OTHER_ORDER), "onnx-int8")["onnx-int8", "parity"]
    assert found.state == "failed"
    assert found.data["spearman_frames"] == pytest.approx(-1)
    assert found.advice
    assert "use onnx-fp32" in found.advice


def test_an_int8_target_that_ranks_alike_passes(with_int8: Callable[..., Path]) -> None:
    assert looked_at(with_int8(UPSAMPLING), "onnx-int8")["onnx-int8", "parity"].state == "ok"


def test_an_unknown_target_is_bad_usage(tiny_bundle: Path) -> None:
    with pytest.raises(SettingsError, match="--target is 'npu', but must be all or one of onnx-fp"):
        looked_at(tiny_bundle, "npu")


def test_the_daemon_s_choice_is_the_remembered_one(
    with_int8: Callable[..., Path], tmp_path: Path
) -> None:
    path = with_int8(UPSAMPLING)
    remember(
        tmp_path,
        Timing(
            circumstances=circumstances(open_bundle(path).sha256, 1),
            milliseconds={"onnx-fp32": 1.0, "onnx-int8": 50.0},
        ),
    )
    found = looked_at(path, state_folder=tmp_path)["bundle", "choice"]
    assert found.data["target"] == "onnx-fp32"
    assert "measured on this machine before" in found.value


def test_looking_remembers_nothing(with_int8: Callable[..., Path], tmp_path: Path) -> None:
    path = with_int8(UPSAMPLING)
    looked_at(path, state_folder=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_busy_machine_is_told_from_a_slow_one() -> None:
    assert when_too_slow(2.5, 2).startswith("take a smaller model")
    assert when_too_slow(8.7, 2) == (
        "end what else computes here (load 8.7 on 2 cores), and ask again"
    )
