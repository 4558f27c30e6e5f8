from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.bundle import Calibration, InputSpec, open_bundle
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import load_scorer, open_scorer
from ocrgan_edge.runtime.self_test import golden_scores
from ocrgan_export.measure import Measured, from_bundle, neutral
from ocrgan_export.pack import Label, label_of, pack

pytestmark = pytest.mark.slow

SPEC = InputSpec(frames=8, height=32, width=32, frames_per_second=10)
GRID = (8, 8)
CALIBRATION = Calibration(
    threshold=2.0,
    median=0.5,
    false_alarms_per_day=1,
    windows=10,
    minutes=1,
    hop=4,
    source="by hand",
)


@pytest.fixture
def label(windows) -> Label:
    return Label("tuesday", SPEC, np.stack(windows[:2]), {"data": "walks", "seed": 1})


@pytest.fixture
def targets(model, ir, label) -> list[Measured]:
    graphs = [
        Graph("onnx-fp32", "onnx", "fp32", model.SerializeToString()),
        Graph("openvino-fp16", "openvino", "fp16", ir.xml, ir.weights),
    ]
    measured = []
    for graph in graphs:
        scorer = load_scorer(graph, SPEC, neutral(GRID), threads=1)
        golden = golden_scores(scorer, label.golden)
        measured.append(Measured(graph, neutral(GRID), CALIBRATION, golden, {"spearman": 1.0}, 0.5))
    return measured


def test_a_device_opens_what_was_packed(tmp_path: Path, label, targets, windows):
    manifest = pack(tmp_path / "tuesday.ocrgan", label, targets)
    bundle = open_bundle(tmp_path / "tuesday.ocrgan")
    assert bundle.manifest == manifest
    assert bundle.manifest.training == {"data": "walks", "seed": 1}
    assert bundle.target("onnx-fp32").parity == {"spearman": 1.0}
    for target in ("onnx-fp32", "openvino-fp16"):
        score = open_scorer(bundle, target, threads=1).score(windows[0]).score
        assert score == pytest.approx(float(targets[0].golden[0]), rel=0.01)


def test_targets_come_back_from_the_bundle(tmp_path, label, targets):
    pack(tmp_path / "one.ocrgan", label, targets)
    bundle = open_bundle(tmp_path / "one.ocrgan")
    pack(tmp_path / "small.ocrgan", label_of(bundle), [from_bundle(bundle, "openvino-fp16")])
    small = open_bundle(tmp_path / "small.ocrgan")
    assert list(small.manifest.targets) == ["openvino-fp16"]
    assert small.target("openvino-fp16") == bundle.target("openvino-fp16")
    assert (tmp_path / "small.ocrgan").stat().st_size < (tmp_path / "one.ocrgan").stat().st_size


def test_a_bundle_that_fails_its_self_test_is_never_written(tmp_path, label, targets):
    path = tmp_path / "tuesday.ocrgan"
    path.write_bytes(b"the one in use")
    wrong = Measured(
        targets[0].graph, targets[0].statistics, CALIBRATION, targets[0].golden + np.float32(1)
    )
    with pytest.raises(BundleError, match="onnx-fp32 fails its self-test"):
        pack(path, label, [wrong])
    assert path.read_bytes() == b"the one in use"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
