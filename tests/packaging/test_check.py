"""What is emulated, what is weighed, and the whole check where somebody wants to wait for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from arm64.processors import PI_4, PI_5
from arm64.wheels import megabytes

from ocrgan_edge.runtime.processor import read_processor

PACKAGING = Path(__file__).parents[2] / "packaging"


def test_a_raspberry_pi_5_has_dot_products_and_a_4_has_not(tmp_path: Path) -> None:
    for processor, has in ((PI_4, False), (PI_5, True)):
        cpuinfo = tmp_path / processor.cpu
        cpuinfo.write_text(processor.cpuinfo())
        seen = read_processor(cpuinfo)
        assert processor.board in seen.model
        assert ("asimddp" in seen.features) is has
        assert processor.dot_products is has


def test_wheels_are_weighed_in_millions_of_bytes(tmp_path: Path) -> None:
    wheels = [tmp_path / "a.whl", tmp_path / "b.whl"]
    for wheel in wheels:
        wheel.write_bytes(bytes(750_000))
    assert megabytes(wheels) == 1.5


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.skipif("OCRGAN_ARM64" not in os.environ, reason="takes minutes: OCRGAN_ARM64=1")
def test_what_is_installed_on_aarch64_scores_and_alerts_as_on_x86() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "arm64", "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGING)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = json.loads(done.stdout)["lines"]
    assert {line["about"] for line in lines} >= {"cortex-a72", "cortex-a76", "daemon", "alert"}
    assert all(line["good"] for line in lines)
