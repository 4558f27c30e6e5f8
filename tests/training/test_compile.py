"""`ocrgan-train --compile`: the compiler takes minutes, so that this runs with the long tests."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

WriteClips = Callable[..., Path]
TINY = ["--size=32", "--width=8", "--frames=8", "--stacks=4", "--threads=1", "--temporal=none"]
REPEATABLE = ["--steps=1", "--noise=0", "--dropout=0"]


def losses(data: Path, out: Path, *more: str) -> dict[str, float]:
    """Of one step, in a process of its own: type checks of the tests cannot be compiled."""
    start = [sys.executable, "-m", "ocrgan_training", "--data", str(data), "--out", str(out)]
    done = subprocess.run([*start, *TINY, *REPEATABLE, *more], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with (out / "metrics.csv").open() as opened:
        row = next(csv.DictReader(opened))
    return {name: float(value) for name, value in row.items() if name.startswith("generator/")}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(os.environ.get("OCRGAN_FAULTS") != "long", reason="OCRGAN_FAULTS is not long")
def test_compiled_networks_find_the_same_losses(tmp_path: Path, write_clips: WriteClips) -> None:
    data = write_clips(tmp_path / "data", (12, 12))
    plain = losses(data, tmp_path / "plain")
    compiled = losses(data, tmp_path / "compiled", "--compile")
    assert compiled == pytest.approx(plain, rel=1e-3, abs=1e-4)
