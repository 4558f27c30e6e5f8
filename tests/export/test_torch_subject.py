"""The evaluator's way to score a checkpoint says what the exported graph says."""

import numpy as np
import onnx
import pytest

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import load_scorer
from ocrgan_edge.runtime.scorer import TERMS, LocationStatistics
from ocrgan_export.windows import Window
from ocrgan_training.evaluation.torch_subject import TorchScorer
from ocrgan_training.fused_graph import FusedGraph


def test_torch_says_what_the_exported_graph_says(
    graph: FusedGraph, model: onnx.ModelProto, windows: list[Window]
) -> None:
    config, random = graph.config, np.random.default_rng(0)
    spec = InputSpec(
        frames=config.frames, height=config.height, width=config.width, frames_per_second=10.0
    )
    shape = (len(TERMS), *graph.grid)
    mean, scale = random.random(shape, np.float32), 0.5 + random.random(shape, np.float32)
    statistics = LocationStatistics(mean, scale)
    exported = Graph("onnx-fp32", "onnx", "fp32", model.SerializeToString())
    there = load_scorer(exported, spec, statistics, threads=1)
    here = TorchScorer(graph, statistics)
    for window in windows[:4]:
        found, wanted = here.score(window), there.score(window)
        assert found.score == pytest.approx(wanted.score, abs=1e-4)
        assert found.seed == pytest.approx(wanted.seed, abs=1e-5)
        for name in ("frame_scores", "anomaly_map", "shares", "terms", "attention"):
            np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), atol=1e-4)
