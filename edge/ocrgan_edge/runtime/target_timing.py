"""How fast a target of a bundle is on this machine: measured by a process of its own.

A runtime that loses must not stay in the daemon's memory, and one that was built for another
processor may end its process without a word. `python -m ocrgan_edge.runtime.target_timing` is that
process.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import subprocess
import sys
import time
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.bundle import Bundle, open_bundle
from ocrgan_edge.command_line import run
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scorer import Scorer, Stepper
from ocrgan_edge.runtime.self_test import golden_windows

SECONDS = 1.0
"""How long windows are scored for it."""
MOST_WINDOWS = 200
"""More tell nothing new."""
LONGEST = 12.0
"""Seconds for one target, loading included; the daemon's first start waits for it."""
_log = logging.getLogger(__name__)


def time_target(
    bundle: Bundle, target: str, threads: int, longest: float | None = None
) -> float | None:
    """Median milliseconds of a window; None if the target cannot be used on this machine.

    Args:
        bundle: its file is read again, and must still be the same.
        target: one of the bundle's.
        threads: for one window.
        longest: seconds that all of it may take; `LONGEST` by default.

    Raises:
        TimeoutError: it took longer, which says nothing about the target.
    """
    longest = LONGEST if longest is None else longest
    asked = [str(bundle.path), bundle.sha256, target, str(threads)]
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ocrgan_edge.runtime.target_timing", *asked],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=longest,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"timing {target} took more than {longest:g} s") from None
    if done.returncode:
        reason = (done.stderr.splitlines() or [f"it ended with code {done.returncode}"])[-1]
        _log.warning("%s cannot be used on this machine: %s", target, reason)
        return None
    return float(done.stdout.split()[-1])  # a runtime may have said something, too


def latencies(
    scorer: Scorer, windows: NDArray[np.uint8], seconds: float, most: int = MOST_WINDOWS
) -> list[float]:
    """Seconds of each of several windows in turn (N, T, H, W, 3), the first of all not counted.

    Of a graph that steps: of a window's newest frame.
    """
    scorer.score(windows[0])
    score = scorer.score
    if isinstance(scorer, Stepper):
        score = partial(scorer.follow, new=1)
    found: list[float] = []
    end = time.perf_counter() + seconds
    for window in cycle(windows):
        start = time.perf_counter()
        score(window)
        now = time.perf_counter()
        found.append(now - start)
        if now >= end or len(found) >= most:
            return found
    raise AssertionError("no windows")


def _main() -> None:
    parser = argparse.ArgumentParser(description="Times a bundle's target; used by the daemon.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("sha256")
    parser.add_argument("target")
    parser.add_argument("threads", type=int)
    asked = parser.parse_args()
    bundle = open_bundle(asked.bundle)
    if bundle.sha256 != asked.sha256:
        raise BundleError(f"bundle {asked.bundle} was replaced meanwhile")
    windows = golden_windows(bundle)
    found = latencies(open_scorer(bundle, asked.target, asked.threads), windows, SECONDS)
    print(statistics.median(found) * 1000)


if __name__ == "__main__":
    sys.exit(run(_main))
