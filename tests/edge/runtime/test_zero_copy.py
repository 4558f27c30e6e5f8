"""From the ring's memory into the graph: nothing is copied, and nothing piles up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_edge.bundle import Bundle
from ocrgan_edge.runtime.graph import Port, window_input
from ocrgan_edge.runtime.onnx_scorer import OnnxScorer
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.openvino_scorer import OpenVinoScorer
from ocrgan_edge.video.window import Window, WindowRing

SHAPE = (8, 32, 32)
LONG = os.environ.get("OCRGAN_FAULTS") == "long"
WINDOWS = 1_000_000 if LONG else 4_000
BETWEEN = 100
"""Windows between two looks at the memory."""


def noise() -> Iterator[Window]:
    """Windows of a ring in which a frame is new each time."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (97, *SHAPE[1:], 3), np.uint8)
    ring = WindowRing(SHAPE, hop=1)
    number = 0
    while True:
        window = ring.push(images[number % len(images)], number / 10)
        number += 1
        if window is not None and number > SHAPE[0]:
            yield window


def address(array: NDArray[np.generic]) -> int:
    return array.ctypes.data


def resident() -> int:
    """Bytes that this process has in memory now (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_every_window_of_a_full_ring_is_its_memory() -> None:
    for window in islice(noise(), 3 * SHAPE[0]):
        assert window.frames.base is not None
        taken = window_input(window.frames, Port("uint8", (1, *SHAPE, 3)))
        assert address(taken) == address(window.frames)


def test_the_tensor_that_openvino_reads_is_the_rings_memory(tiny: Bundle) -> None:
    scorer = open_scorer(tiny, "openvino-fp16", threads=1)
    assert isinstance(scorer, OpenVinoScorer)
    for window in islice(noise(), 3 * SHAPE[0]):
        scorer.score(window.frames)
        assert address(scorer._request.get_tensor("frames").data) == address(window.frames)


def test_onnx_runtime_reads_the_rings_memory(tiny: Bundle) -> None:
    """Its binding does not tell where it reads; what is written there afterwards, it sees."""
    scorer = open_scorer(tiny, "onnx-fp32", threads=1)
    assert isinstance(scorer, OnnxScorer)
    window = next(noise())
    assert scorer.score(window.frames).score > 0
    window.frames[:] = 90
    scorer._session.run_with_iobinding(scorer._binding)
    assert scorer._outputs.window_score().score == 0


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize("target", ["onnx-fp32", "openvino-fp16"])
def test_memory_stays_as_it_is_over_many_windows(tiny: Bundle, target: str) -> None:
    """OCRGAN_FAULTS=long: a million. One result is 18 kB: 2,000 kept ones would be 36 MB."""
    scorer = open_scorer(tiny, target, threads=1)
    memory = []
    for number, window in enumerate(islice(noise(), WINDOWS)):
        scorer.score(window.frames)
        if number % BETWEEN == 0:
            memory.append(resident())
    half = memory[len(memory) // 2 :]  # what is reserved once is reserved by then
    assert max(half) - half[0] < 1e6
