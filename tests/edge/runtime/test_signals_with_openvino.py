"""Graphs come and go, and a signal still asks the daemon to stop instead of killing it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("openvino")

TWO_GRAPHS_THAT_GO = """
import faulthandler, gc, os, signal, sys
from pathlib import Path
from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.runtime.open_scorer import open_scorer

faulthandler.enable()  # as the watchdog does
bundle = open_bundle(Path(sys.argv[1]))
first = open_scorer(bundle, "openvino-fp16", 1)
second = open_scorer(bundle, "openvino-fp16", 1)
del first
gc.collect()
del second
gc.collect()
signal.signal(signal.SIGTERM, lambda *_: print("asked to stop"))
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_signal_is_heard_after_openvino_graphs_have_gone(tiny_bundle: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWO_GRAPHS_THAT_GO, str(tiny_bundle)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, "asked to stop\n"), done.stderr
