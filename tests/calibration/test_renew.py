"""A bundle with new constants."""

from pathlib import Path

import pytest

from ocrgan_calibration.calibrate import Plan, normal_clips
from ocrgan_calibration.renew import renew, write_renewed
from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.open_scorer import open_scorer


@pytest.fixture
def renewed(tiny: Path, recordings: Path) -> Path:
    """The tiny bundle, its ONNX target calibrated on the recordings."""
    bundle = open_bundle(tiny)
    scorer = open_scorer(bundle, "onnx-fp32", threads=1)
    plan = Plan(bundle.manifest.input, hop=2)
    found = renew(bundle, scorer, normal_clips(recordings), plan)
    write_renewed(bundle, {"onnx-fp32": found}, tiny)
    return tiny


def test_a_renewed_bundle_passes_its_self_test(renewed: Path) -> None:
    open_scorer(open_bundle(renewed), "onnx-fp32", threads=1)


def test_other_targets_stay_as_they_were(renewed: Path) -> None:
    bundle = open_bundle(renewed)
    assert bundle.target("openvino-fp16").calibration.threshold == 2.0
    assert bundle.target("openvino-fp16").statistics == "statistics.npz"
    assert bundle.target("onnx-fp32").statistics == "statistics/onnx-fp32.npz"
    open_scorer(bundle, "openvino-fp16", threads=1)


def test_provenance_says_where_the_threshold_is_from(renewed: Path) -> None:
    source = open_bundle(renewed).target("onnx-fp32").calibration.source
    assert source.endswith("train: clip2 of 4 clips")


def test_a_failure_leaves_the_bundle_as_it_was(tiny: Path, tmp_path: Path) -> None:
    before = tiny.read_bytes()
    (tmp_path / "train").mkdir()
    bundle = open_bundle(tiny)
    with pytest.raises(DataError, match="no clips"):
        renew(
            bundle,
            open_scorer(bundle, "onnx-fp32", threads=1),
            normal_clips(tmp_path),
            Plan(bundle.manifest.input),
        )
    assert tiny.read_bytes() == before
