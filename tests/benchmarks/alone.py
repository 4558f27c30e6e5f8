"""One target in a process of its own: how soon its first score is there, how much memory it takes.

    python tests/benchmarks/alone.py FOLDER TARGET STARTED

FOLDER is what `graphs.py` keeps of a preset, with `about.json`; STARTED is CLOCK_MONOTONIC when the
process was started. Nothing but what the target needs is imported.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

AFTERWARDS = 20
"""Windows more, for the largest memory."""


def measure_alone(folder: Path, target: str) -> dict[str, float]:
    """Seconds from process start to the first score, and the most memory it ever had, in MB."""
    started = time.clock_gettime(time.CLOCK_MONOTONIC)
    done = subprocess.run(
        [sys.executable, __file__, str(folder), target, str(started)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _main(folder: Path, target: str, started: float) -> None:
    about = json.loads((folder / "about.json").read_text())
    import numpy as np

    windows = np.load(folder / "windows.npy")
    score = _eager(about) if target == "torch-eager" else _scorer(folder, target, about)
    score(windows[0])
    first = time.clock_gettime(time.CLOCK_MONOTONIC) - started
    own = time.process_time()
    for number in range(AFTERWARDS):
        score(windows[number % len(windows)])
    print(json.dumps({"first_score": first, "processor": own, "peak_mb": _peak()}))


def _eager(about: dict[str, Any]) -> Any:
    from torch_target import config_of, network_of, torch_run

    return torch_run(network_of(config_of(about["preset"])), "torch-eager", threads=1)


def _scorer(folder: Path, target: str, about: dict[str, Any]) -> Any:
    from ocrgan_edge.bundle import InputSpec
    from ocrgan_edge.runtime.graph import Graph
    from ocrgan_edge.runtime.open_scorer import load_scorer
    from ocrgan_edge.runtime.scorer import LocationStatistics

    parts: list[Any] = target.split("-")  # TARGETS names them: runtime-precision
    runtime, precision = parts
    path = folder / f"{target}{'.onnx' if runtime == 'onnx' else '.xml'}"
    weights = b"" if runtime == "onnx" else path.with_suffix(".bin").read_bytes()
    graph = Graph(target, runtime, precision, path.read_bytes(), weights)
    statistics = LocationStatistics.neutral(tuple(about["grid"]))
    return load_scorer(graph, InputSpec(**about["input"]), statistics, 1).score


def _peak() -> float:
    """VmHWM of proc(5), in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
