"""Training throughput and memory of this version against an earlier one, in turn on this machine.

    .venv/bin/python tests/benchmarks/against_version.py 41b342a --data ../shared/data/ped2

The earlier version's sources lie in a git worktree for as long as this takes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
PACKAGES = ("edge", "training", "calibration", "export")


@dataclass(frozen=True)
class Sample:
    """One short training."""

    windows: float
    """Per second of the loop."""
    processor: float
    """Seconds of processor time per window, the start included."""
    memory: float
    """Largest resident set, MB."""


def train(sources: Path, options: list[str], steps: int) -> Sample:
    """Runs `ocrgan-train` from these sources in a process of its own.

    Raises:
        RuntimeError: it failed.
    """
    path = os.pathsep.join(str(sources / package) for package in PACKAGES)
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "ocrgan_training", "--out", f"{out}/run", *options]
        process = subprocess.Popen(
            [*command, "--steps", str(steps)],
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise RuntimeError(f"{' '.join(command)} ended with status {status}")
        run = json.loads(Path(out, "run", "run.json").read_text())
    return Sample(
        run["step"] / run["seconds"],
        (used.ru_utime + used.ru_stime) / steps,
        used.ru_maxrss / 1024,
    )


def main() -> None:
    """Compares and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("commit", help="of the earlier version")
    parser.add_argument("--data", required=True, help="folder with train/")
    parser.add_argument("--steps", type=int, default=20, help="of every training")
    parser.add_argument("--rounds", type=int, default=3, help="trainings of either version")
    asked = parser.parse_args()
    options = ["--data", str(Path(asked.data).resolve()), "--size", "64x96", "--width", "16"]
    options += ["--stacks", "24", "--hidden-frames", "4", "--threads", "1"]
    with tempfile.TemporaryDirectory() as folder:
        earlier = Path(folder, "earlier")
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(earlier), asked.commit], check=True)
        try:
            rounds = [
                (train(earlier, options, asked.steps), train(ROOT, options, asked.steps))
                for _ in range(asked.rounds)
            ]
        finally:
            subprocess.run([*git, "remove", "--force", str(earlier)], check=True)
    print(f"| | {asked.commit} | now | now / {asked.commit} (range) |")
    print("|---|---:|---:|---:|")
    for name, unit in (("windows", "windows/s"), ("processor", "CPU s/window"), ("memory", "MB")):
        pairs = [(getattr(before, name), getattr(now, name)) for before, now in rounds]
        ratios = [now / before for before, now in pairs]
        before, now = (median(values) for values in zip(*pairs, strict=True))
        spread = f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        print(f"| {unit} | {before:.3g} | {now:.3g} | {spread} |")


if __name__ == "__main__":
    main()
