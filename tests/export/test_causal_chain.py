"""The whole chain of the streaming form: training, export, INT8, evaluation, daemon."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.export.test_main import run_command, write_clips

from ocrgan_edge.bundle import Bundle, open_bundle
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scorer import Stepper

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]

TARGETS = ["onnx-fp32", "onnx-int8", "openvino-fp16", "openvino-int8"]
FRAMES = 48


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_clips(tmp_path_factory.mktemp("chain") / "data")
    (folder / "labels.json").write_text(json.dumps({"walk4": [0] * 16 + [1] * 32}))
    return folder


@pytest.fixture(scope="module")
def bundle(data: Path) -> Bundle:
    """After ocrgan-train, ocrgan-export and ocrgan-quantize."""
    run = data.parent / "run"
    shape = ("--size", 32, "--width", 8, "--frames", 8, "--steps", 2, "--threads", 1)
    causal = ("--temporal", "causal", "--patches", "slim")
    run_command("ocrgan-train", "--data", data, "--out", run, *shape, *causal)
    run_command("ocrgan-export", run, "--threads", 1)
    run_command("ocrgan-quantize", run, "--windows", 12, "--threads", 1)
    return open_bundle(run / "run.ocrgan")


def test_every_target_steps_and_is_calibrated_for_every_frame(bundle: Bundle) -> None:
    assert list(bundle.manifest.targets) == TARGETS
    for name in TARGETS:
        target = bundle.target(name)
        assert (target.form, target.calibration.hop) == ("step", 1)
        assert isinstance(open_scorer(bundle, name, threads=1), Stepper)
    for name in ("onnx-int8", "openvino-int8"):
        assert bundle.target(name).int8_share_of_macs > 0.5
    assert bundle.manifest.training["patches"] == "slim"


def test_every_target_is_evaluated_on_every_frame(bundle: Bundle, data: Path) -> None:
    out = data.parent / "evaluation.json"
    run_command(
        "ocrgan-evaluate", "--bundle", bundle.path, "--data", data, "--target", "all",
        "--hop", 1, "--json", out,
    )  # fmt: skip
    text = out.read_text()
    assert all(f'"{name}"' in text for name in TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_the_daemon_scores_every_frame_with_each(bundle: Bundle, data: Path, target: str) -> None:
    scores = data.parent / f"{target}.jsonl"
    run_command(
        "ocrgan-edge", "--camera", data / "test" / "walk4", "--bundle", bundle.path,
        "--target", target, "--scores", scores,
    )  # fmt: skip
    ends = [json.loads(line)["end"] for line in scores.read_text().splitlines()]
    assert ends == list(range(1, FRAMES))
