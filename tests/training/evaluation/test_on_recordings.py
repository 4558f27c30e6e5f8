"""The evaluator on real and rendered recordings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ocrgan_edge.bundle import open_bundle
from ocrgan_training.evaluation.data_set import load_data_set
from ocrgan_training.evaluation.evaluate import evaluate
from ocrgan_training.evaluation.measure import Settings
from ocrgan_training.evaluation.measure_baselines import measure_baselines
from ocrgan_training.evaluation.subjects import of_bundle

ROOT = Path(__file__).parents[3]
PED2 = Path(os.environ.get("OCRGAN_DATA", ROOT.parent / "shared" / "data")) / "ped2"
TINY = ROOT / "tests" / "fixtures" / "tiny.ocrgan"


@pytest.mark.slow
@pytest.mark.ped2
@pytest.mark.skipif(not PED2.exists(), reason=f"UCSD Ped2 is not at {PED2}: set OCRGAN_DATA")
def test_frame_differencing_reaches_on_ped2_what_was_measured_before() -> None:
    data = load_data_set(PED2)
    differencing, mog2 = measure_baselines(data, 10.0, 1.0, Settings(), lambda: None)
    causal, paper = (differencing.row.frames[name].auc for name in ("causal", "paper"))
    assert causal == pytest.approx(0.859, abs=0.01)
    assert paper == pytest.approx(0.873, abs=0.01)
    assert differencing.row.alarms is not None
    assert differencing.row.alarms.events == 12
    assert mog2.row.frames["causal"].auc == pytest.approx(0.61, abs=0.02)


@pytest.mark.slow
def test_each_kind_of_a_rendered_scene_has_its_figures(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("ocrgan-scene")
    options = ["--train", "2", "--test", "2", "--seconds", "12", "--size", "96x64"]
    subprocess.run([command, "--out", tmp_path / "scene", *options], check=True)
    data = load_data_set(tmp_path / "scene")
    subjects = of_bundle(open_bundle(TINY), ["onnx-fp32"])
    found = evaluate(subjects, data, Settings(hop=4), lambda: None)
    kinds = found.report.row("onnx-fp32").kinds
    named = {interval.kind for clip in data.kinds.values() for interval in clip}
    assert kinds.keys() == named
    assert sum(kind.events for kind in kinds.values()) == sum(map(len, data.kinds.values()))
    assert found.report.row("onnx-fp32").pixel_auc is not None
