"""The page's rows about frames that are scored one by one, from figures by hand."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib
import pytest
from matplotlib import pyplot
from report_steps import MeasuredSteps, draw_cameras, read_steps, steps_section

matplotlib.use("agg")

INFO = {
    "preset": "nano",
    "macs": {"window": 347e6, "slim": 35e6},
    "state_bytes": {"slim": 2_300_000},
    "seconds": {
        "window/onnx-int8": [0.040, 0.020, 0.030],
        "slim/onnx-int8": [0.002, 0.002, 0.003],
    },
}


def test_a_row_compares_within_rounds_and_counts_cameras() -> None:
    """Medians 30 and 2 ms; ratios 20, 10 and 10; 100 ms hold 3.3 windows or 50 frames."""
    told = steps_section([MeasuredSteps("nano", INFO)])
    assert told.endswith(
        "| nano | slim | **ONNX Runtime INT8** | 30.0 | 2.00 | 10 (10–15) | reached | 3.3 → 50.0 "
        "| 2.30 |"
    )


def test_less_than_ten_times_is_not_the_goal() -> None:
    seconds = {"window/onnx-int8": [0.018] * 3, "slim/onnx-int8": [0.002] * 3}
    told = steps_section([MeasuredSteps("nano", {**INFO, "seconds": seconds})])
    assert "| 9 (9–9) | not reached |" in told


def test_presets_come_in_the_order_of_their_size(tmp_path: Path) -> None:
    for name in ("small", "nano"):
        made = {"benchmarks": [{"extra_info": {**INFO, "preset": name}}]}
        (tmp_path / f"{name}.json").write_text(json.dumps(made))
    assert [each.preset for each in read_steps(tmp_path)] == ["nano", "small"]


def test_cameras_are_those_of_ten_frames_a_second() -> None:
    measured = MeasuredSteps("nano", INFO)
    assert measured.cameras("slim", "onnx-int8") == pytest.approx(50)


def test_the_picture_has_a_part_for_cameras() -> None:
    figure = pyplot.figure()
    draw_cameras([MeasuredSteps("nano", INFO)], figure.subplots())
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == [
        "windows",
        "steps, slim",
    ]
    pyplot.close(figure)
