"""Ratios of what took turns."""

import json
from pathlib import Path

import pytest
from in_turn import Race, Ratio, times_faster
from report import document, draw, read


def test_everyone_runs_once_a_round():
    ran = []
    race = Race({name: lambda name=name: ran.append(name) for name in "ab"}, lambda: len(ran))
    race.round()
    race.round()
    assert ran == ["a", "b", "a", "b"]
    assert race.seconds == {"a": [1, 1], "b": [1, 1]}


def test_a_ratio_is_the_median_of_the_rounds_own_ratios():
    seconds = {"slow": [4, 60, 8, 9, 10], "fast": [4, 30, 2, 3, 2]}
    assert times_faster(seconds, "fast", "slow") == Ratio(3, 2, 4)  # of 1, 2, 4, 3, 5


def test_what_did_not_run_in_the_same_rounds_is_not_compared():
    with pytest.raises(ValueError, match="shorter"):
        times_faster({"a": [1, 2], "b": [1]}, "b", "a")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    info = {
        "preset": "nano",
        "macs": 2e9,
        "convolution_macs": 1e9,
        "load_before": [1, 1, 1],
        "missing": {"torch-compile": "no compiler"},
        "sizes": {"graphs": {"onnx-int8": 5e5}, "installed": {"onnx": 3e8}},
        "seconds": {
            "torch-eager": [0.1, 0.1],
            "onnx-int8": [0.05, 0.05],
            "convolution-onnx-fp32": [0.025, 0.025],
            "convolution-onnx-int8": [0.0125, 0.0125],
            "convolution-openvino-int8": [0.02, 0.02],
        },
        "two_threads": {},
        "alone": {"onnx-int8": {"first_score": 1, "processor": 0.9, "peak_mb": 120}},
        "layers": {"onnx-int8": {"QLinearConv": 3, "Transpose": 1}},
    }
    told = {"datetime": "2026-01-02T03:04:05", "benchmarks": [{"extra_info": info}]}
    (tmp_path / "nano.json").write_text(json.dumps(told))
    return tmp_path


def test_a_page_says_how_many_times_faster_and_how_much_of_the_processor_is_used(folder: Path):
    page = document(read(folder), [], "pictures/benchmarks.png")
    # 2 GMAC in 50 ms are 40 GMAC/s; the best INT8 convolution does 1 GMAC in 12.5 ms
    assert "| **ONNX Runtime INT8** | 50.0 | 2 (2–2) |  | 40.0 | 50% |" in page
    assert "torch.compile did not run (no compiler)" in page
    assert "QLinearConv 75%, Transpose 25%" in page
    assert "| nano | ONNX Runtime INT8 against PyTorch | 4 | 2 (2–2) | not reached |" in page


@pytest.mark.parametrize(("slower", "told"), [(1.4, True), (1.6, False)])
def test_wall_times_are_not_told_where_something_else_had_a_processor(
    folder: Path, slower: float, told: bool
):
    file = folder / "nano.json"
    given = json.loads(file.read_text())
    # One thread of PyTorch takes 0.1 s of processor time, two of them this much by the clock.
    given["benchmarks"][0]["extra_info"]["two_threads"] = {"torch-eager": [0.1 * slower]}
    file.write_text(json.dumps(given))
    page = document(read(folder), [], "pictures/benchmarks.png")
    assert (f"| nano | PyTorch | {slower * 100:.1f} |" in page) == told
    assert ("Not told: nano." in page) != told


def test_the_picture_is_small(folder: Path, tmp_path: Path):
    draw(read(folder), [], tmp_path / "picture.png")
    assert 1_000 < (tmp_path / "picture.png").stat().st_size < 150_000
