"""The command `ocrgan-calibrate`."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.bundle import open_bundle

pytestmark = pytest.mark.slow


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ocrgan_calibration", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_the_command_renews_every_target(tiny: Path, recordings: Path) -> None:
    done = run("--bundle", tiny, "--data", recordings, "--hop", 2, "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    bundle = open_bundle(tiny)
    for name in ("onnx-fp32", "openvino-fp16"):
        assert bundle.target(name).calibration.threshold == printed[name]["threshold"] != 2.0
    assert "statistics.npz" not in bundle.manifest.members


def test_the_command_can_keep_statistics_and_write_elsewhere(
    tiny: Path, recordings: Path, tmp_path: Path
) -> None:
    before = tiny.read_bytes()
    out = tmp_path / "new.ocrgan"
    done = run(
        "--bundle", tiny, "--data", recordings, "--keep-statistics", "--out", out, "--hop", 2
    )
    assert done.returncode == 0, done.stderr
    assert "threshold is" in " ".join(done.stdout.split())
    assert tiny.read_bytes() == before
    kept, old = open_bundle(out).statistics("onnx-fp32"), open_bundle(tiny).statistics("onnx-fp32")
    np.testing.assert_array_equal(kept.mean, old.mean)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--hop", "9"], 2, "error: --hop is 9, but must be between 1 and the window's 8 frames"),
        (["--false-alarms-per-day", "0"], 2, "error: --false-alarms-per-day is 0"),
        (["--target", "onnx-int8"], 4, "has no target 'onnx-int8'"),
        (["--data", "/nowhere"], 6, "error: there is no folder of clips at /nowhere/train"),
    ],
)
def test_what_the_user_can_put_right_is_one_line(
    tiny: Path, recordings: Path, arguments: list[str], code: int, message: str
) -> None:
    before = tiny.read_bytes()
    done = run("--bundle", tiny, "--data", recordings, *arguments)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert tiny.read_bytes() == before
