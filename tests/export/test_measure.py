"""INT8 statistics from a few windows that FP32 scores too, against those from all windows."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrgan_calibration.calibrate import NormalClips, Plan
from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_export.measure import Material, Measured, carried, measure, measure_by, reference_of
from ocrgan_export.quantize import quantize_with
from ocrgan_export.quantize_ranges import read_ranges
from ocrgan_export.windows import sample_windows

PLAN = Plan(InputSpec(frames=2, height=16, width=16, frames_per_second=10), hop=1, recent=1)


def write_clip(folder: Path, number: int) -> Path:
    """40 frames of noise in which a bright square wanders."""
    random = np.random.default_rng(number)
    folder.mkdir(parents=True)
    for index in range(40):
        image = random.integers(90, 110, (16, 16, 3), dtype=np.uint8)
        left, top = random.integers(0, 12, 2)
        image[top : top + 4, left : left + 4] = 150 + random.integers(100)
        cv2.imwrite(str(folder / f"{index:03}.png"), image)
    return folder


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp("clips")
    clips = {f"c{number}": write_clip(folder / f"c{number}", number) for number in range(8)}
    names = list(clips)
    normal = NormalClips(
        {name: clips[name] for name in names[:6]}, {name: clips[name] for name in names[6:]}, "test"
    )
    golden = np.stack(sample_windows(normal.threshold, PLAN.spec, 2))
    compared = sample_windows(normal.threshold, PLAN.spec, 10)
    return Material(normal, PLAN, golden, compared, (16, 16), threads=1, normal=10)


@pytest.fixture(scope="module")
def graphs(three_convolutions, material) -> tuple[Graph, Graph]:
    model = three_convolutions()
    windows = sample_windows(material.clips.statistics, PLAN.spec, 50)
    int8 = quantize_with(read_ranges(model, windows))
    return (
        Graph("onnx-fp32", "onnx", "fp32", model.SerializeToString()),
        Graph("onnx-int8", "onnx", "int8", int8.SerializeToString()),
    )


def apart(one: LocationStatistics, other: LocationStatistics) -> float:
    """Mean difference of the means, in scales."""
    return float(np.mean(np.abs(one.mean - other.mean) / other.scale))


def test_a_sample_that_both_score_is_nearly_as_good_as_all_windows(graphs, material):
    fp32, _ = measure(graphs[0], material)
    int8, scores = measure(graphs[1], material)
    sample = sample_windows(material.clips.statistics, PLAN.spec, 40)
    reference = reference_of(fp32, material, sample)
    found, similar = measure_by(reference, graphs[1], material)
    wrong = apart(found.statistics, int8.statistics)
    assert wrong < 0.1 * apart(reference.sampled, fp32.statistics)
    assert [score.score for score in similar] == pytest.approx(
        [score.score for score in scores], rel=0.01, abs=0.01
    )


def test_the_reference_measured_by_itself_is_what_it_was(graphs, material):
    fp32, _ = measure(graphs[0], material)
    sample = sample_windows(material.clips.statistics, PLAN.spec, 10)
    found, _ = measure_by(reference_of(fp32, material, sample), graphs[0], material)
    assert isinstance(found, Measured)
    np.testing.assert_allclose(found.statistics.mean, fp32.statistics.mean, rtol=1e-6)
    np.testing.assert_allclose(found.statistics.scale, fp32.statistics.scale, rtol=1e-6)
    assert found.calibration == fp32.calibration


def test_a_threshold_moves_as_the_scores_around_it_do():
    before = np.array([0.0, 1.0, 2.0, 3.0, 50.0])
    after = np.array([0.5, 1.1, 2.1, 3.1, 90.0])
    assert carried(2.0, before, after, near=3) == pytest.approx(2.1)


def test_a_threshold_above_all_scores_moves_with_the_highest():
    before, after = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.2, 2.2])
    assert carried(9.0, before, after, near=2) == pytest.approx(9.2)


def test_normal_windows_come_before_those_with_something_wrong(material):
    assert not material.abnormal.any()
    assert material.abnormal.shape == (10,)
