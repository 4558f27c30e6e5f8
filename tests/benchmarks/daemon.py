"""What the daemon takes on one camera: `python tests/benchmarks/daemon.py BUNDLE VIDEO`.

Plays a recording again and again at its own pace; one line: seconds from the start to the first
score, share of a core afterwards, and memory.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import psutil
import typer

SETTLES = 3.0
"""Seconds after the first score that are not counted."""
LONGEST = 60.0
"""Seconds to wait for a first score."""


def main(
    bundle: Path,
    video: Path,
    target: str = "onnx-int8",
    hop: int = 4,
    threads: int = 1,
    seconds: Annotated[float, typer.Option(help="How long is measured.")] = 30.0,
) -> None:
    """Starts the installed daemon and looks at its process."""
    with tempfile.TemporaryDirectory() as folder:
        scores = Path(folder, "scores.jsonl")
        options = {"--camera": video, "--bundle": bundle, "--target": target, "--scores": scores}
        counts = {"--hop": hop, "--threads": threads}
        words = [str(word) for pair in (options | counts).items() for word in pair]
        command = [Path(sys.executable).with_name("ocrgan-edge"), "--loop", "--realtime", *words]
        began = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as daemon:
            try:
                first = _first_score(daemon, scores) - began
                time.sleep(SETTLES)
                process = psutil.Process(daemon.pid)
                before, since = _processor(process), time.monotonic()
                time.sleep(seconds)
                share = (_processor(process) - before) / (time.monotonic() - since)
                memory = process.memory_info().rss / 1e6
            finally:
                daemon.send_signal(signal.SIGTERM)
    print(
        f"{target}, hop {hop}, {threads} thread(s): first score after {first:.1f} s, "
        f"{share:.0%} of a core, {memory:.0f} MB"
    )


def _first_score(daemon: subprocess.Popen[bytes], scores: Path) -> float:
    end = time.monotonic() + LONGEST
    while not (scores.exists() and scores.stat().st_size):
        if daemon.poll() is not None or time.monotonic() > end:
            raise typer.Exit(1)
        time.sleep(0.01)
    return time.monotonic()


def _processor(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    typer.run(main)
