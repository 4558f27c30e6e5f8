"""The network itself and a run of it; imports nothing but what PyTorch's targets need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ocrgan_training.fused_graph import FusedGraph
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import NetworkConfig, preset

Run = Callable[[NDArray[np.uint8]], object]
"""Scores a window (T,H,W,3)."""

TINY = NetworkConfig(
    frames=8, height=64, width=64, reduction=2, base_width=8, features=16, temporal="basic"
)
"""To see whether `make bench PRESETS=tiny` works; no page tells of it."""


def config_of(name: str) -> NetworkConfig:
    """Of a preset, or of `tiny`."""
    return TINY if name == "tiny" else preset(name)


def network_of(config: NetworkConfig) -> FusedGraph:
    """Always with the same weights."""
    torch.manual_seed(1)
    return FusedGraph(OcrGanVideo(config))


def torch_run(fused: FusedGraph, target: str, threads: int) -> Run:
    """`torch-eager` or `torch-compile`, whose first call takes minutes."""
    torch.set_num_threads(threads)
    grid = len(fused.term_weights), *fused.grid
    statistics = torch.zeros(grid), torch.ones(grid)
    module: Any = torch.compile(fused, dynamic=False) if target == "torch-compile" else fused

    def run(window: NDArray[np.uint8]) -> object:
        with torch.inference_mode():
            return module(torch.from_numpy(window)[None], *statistics)

    return run
