"""Graphs that step, exported: the same as torch, in INT8 without drift.

`OCRGAN_DRIFT=100000` walks that many frames instead of 2,000 (minutes to half an hour).
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import linregress, t

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import load_scorer
from ocrgan_edge.runtime.scorer import LocationStatistics, Stepper, WindowScore
from ocrgan_edge.runtime.scoring import raw_windows
from ocrgan_edge.video.open_source import open_source
from ocrgan_export.quantize import quantize_onnx, quantize_openvino
from ocrgan_export.quantize_steps import step_feeds
from ocrgan_export.to_onnx import to_onnx
from ocrgan_export.to_openvino import Ir, read_ir, save_ir, to_openvino, with_state_inside
from ocrgan_training.fused_graph import GraphOutputs
from ocrgan_training.network.make_network import make_network
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.step_graph import StepGraph

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]

DRIFT = int(os.environ.get("OCRGAN_DRIFT", "2000"))
CONFIG = NetworkConfig(
    frames=8, height=32, width=32, base_width=8, features=16, hidden_frames=1, causal=True
)
SPEC = InputSpec(
    frames=CONFIG.frames, height=CONFIG.height, width=CONFIG.width, frames_per_second=10
)
INT8 = ("onnx-int8", "openvino-int8")
TARGETS = ("onnx-fp32", "openvino-fp16", *INT8)


@dataclass
class Made:
    """One network in all its forms."""

    torch: StepGraph
    statistics: LocationStatistics
    graphs: dict[str, Graph]
    clip: NDArray[np.uint8]
    """(N, H, W, 3)"""

    def stepper(self, target: str) -> Stepper:
        scorer = load_scorer(self.graphs[target], SPEC, self.statistics, threads=1)
        assert isinstance(scorer, Stepper)
        return scorer


@pytest.fixture(scope="module")
def made() -> Made:
    """Normalisation has seen the rendered scene; ranges are read from it."""
    windows = list(raw_windows(open_source("scene:seed=1,seconds=8"), SPEC, hop=SPEC.frames))
    torch.manual_seed(1)
    network = make_network(CONFIG).train()
    with torch.no_grad():
        for window in windows[1:4]:
            video = torch.from_numpy(window)[None].permute(0, 1, 4, 2, 3) / 127.5 - 1
            reduced = network.reduce(video)
            network.features(torch.cat((reduced, network.reconstruct(reduced).fake)))
            network.patch_logits(video)
    graph = StepGraph(network.eval())
    model = to_onnx(graph)
    feeds = step_feeds(model, windows[1:])
    inside = save_ir(with_state_inside(read_ir(quantize_openvino(model, feeds))))
    graphs = {
        "onnx-fp32": _onnx("onnx-fp32", model),
        "onnx-int8": _onnx("onnx-int8", quantize_onnx(model, feeds)),
        "openvino-fp16": _openvino("openvino-fp16", to_openvino(model)),
        "openvino-int8": _openvino("openvino-int8", inside),
    }
    clip = np.concatenate(windows[1:])
    return Made(graph, _usual(graphs["onnx-fp32"], clip), graphs, clip)


def _onnx(target: str, model: onnx.ModelProto) -> Graph:
    precision = "int8" if target.endswith("int8") else "fp32"
    return Graph(target, "onnx", precision, model.SerializeToString(), form="step")


def _openvino(target: str, ir: Ir) -> Graph:
    precision = "int8" if target.endswith("int8") else "fp16"
    return Graph(target, "openvino", precision, ir.xml, ir.weights, "step")


def _usual(graph: Graph, clip: NDArray[np.uint8]) -> LocationStatistics:
    """What each term is like in the clip."""
    grid = StepGraph(make_network(CONFIG)).grid
    scorer = load_scorer(graph, SPEC, LocationStatistics.neutral((5, *grid)), threads=1)
    assert isinstance(scorer, Stepper)
    terms = np.stack([found.terms[:, -1] for found in walk(scorer, clip)])
    spread = terms.std((0, 2, 3))[:, None, None]
    scale = np.broadcast_to(np.where(spread > 0, spread, 1), terms.shape[1:])
    return LocationStatistics(terms.mean(0), scale.astype(np.float32))


def walk(scorer: Stepper, clip: NDArray[np.uint8]) -> list[WindowScore]:
    """Scores of every frame from the T-th on."""
    found = [scorer.score(clip[: SPEC.frames])]
    for end in range(SPEC.frames + 1, len(clip) + 1):
        found.append(scorer.follow(clip[end - SPEC.frames : end], new=1))
    return found


def in_torch(made: Made, frames: int) -> GraphOutputs:
    """The newest of so many frames, all of them at once."""
    mean, scale = (torch.from_numpy(part) for part in vars_of(made.statistics))
    with torch.inference_mode():
        return made.torch.over(torch.from_numpy(made.clip[:frames])[None], mean, scale)


def vars_of(statistics: LocationStatistics) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return statistics.mean, np.ascontiguousarray(statistics.scale)


@pytest.mark.parametrize(("target", "tolerance"), [("onnx-fp32", 1e-4), ("openvino-fp16", 2e-2)])
def test_stepping_through_a_clip_is_torchs_windowed_face(
    made: Made, target: str, tolerance: float
) -> None:
    found = walk(made.stepper(target), made.clip)
    for frames in (SPEC.frames, SPEC.frames + 5, len(made.clip)):
        for name, value in in_torch(made, frames)._asdict().items():
            if name == "shares" and target != "onnx-fp32":
                continue  # of the worst place, which may be another where two are alike
            told = np.asarray(getattr(found[frames - SPEC.frames], name))
            size = max(1.0, float(value.abs().max()))
            assert np.abs(told - value.numpy()).max() <= tolerance * size, (name, frames)


@pytest.mark.parametrize("target", INT8)
def test_the_error_of_int8_is_a_small_part_of_what_scores_vary_by(made: Made, target: str) -> None:
    """Apart from what it always differs by, which calibration takes away.

    Not ranks: to an untrained network most frames of the clip are alike.
    """
    fp32, int8 = (
        np.array([found.score for found in walk(made.stepper(name), made.clip)])
        for name in ("onnx-fp32", target)
    )
    assert (int8 - fp32).std() < 0.1 * fp32.std()


@pytest.fixture(scope="module")
def differences(made: Made) -> NDArray[np.float64]:
    """(DRIFT, 2): |INT8 − FP32| of every frame's score along one walk that is never reset.

    The clip to and fro with a camera's noise, so that no frame comes twice.
    """
    frames = np.concatenate((made.clip, made.clip[::-1])).astype(np.int16)
    random = np.random.default_rng(1)
    scorers = [made.stepper(target) for target in ("onnx-fp32", *INT8)]
    window = np.zeros((SPEC.frames, SPEC.height, SPEC.width, 3), np.uint8)
    found = np.empty((DRIFT, len(INT8)))
    for number in range(DRIFT):
        noise = random.integers(-3, 4, frames.shape[1:], np.int16)
        window[-1] = np.clip(frames[number % len(frames)] + noise, 0, 255)
        reference, *others = [scorer.follow(window, new=1).score for scorer in scorers]
        found[number] = np.abs(np.array(others) - reference)
    return found


@pytest.mark.parametrize("target", INT8)
def test_the_error_of_int8_does_not_grow_along_the_state(
    made: Made, differences: NDArray[np.float64], target: str
) -> None:
    """A line through the means of whole rounds of the clip: that its slope be 0 is believable.

    Or, if the walk is so long that nothing is too small to be told from 0, that it is harmless.
    """
    along = differences[:, INT8.index(target)]
    round_trip, tenth = 2 * len(made.clip), DRIFT // 10
    means = along[: DRIFT // round_trip * round_trip].reshape(-1, round_trip).mean(1)
    means = means[1:]  # the first one begins at zeros
    line = linregress(np.linspace(0, 1, len(means)), means)
    low, high = line.slope + np.array([-1, 1]) * t.ppf(0.975, len(means) - 2) * line.stderr
    largest = [part.max() for part in (along, along[:tenth], along[-tenth:])]
    print(
        f"{target}, {DRIFT:,} frames: mean {along.mean():.4g}, largest {largest[0]:.4g} (first "
        f"tenth {largest[1]:.4g}, last {largest[2]:.4g}), change of the mean over the walk "
        f"{line.slope:.2g} ({low:.2g} … {high:.2g})"
    )
    assert low <= 0 or high <= 0.01 * means.mean() + 1e-4


@pytest.mark.parametrize("target", TARGETS)
def test_a_camera_does_not_see_anothers_past(made: Made, target: str) -> None:
    one = made.stepper(target)
    other = one.another()
    alone = [found.score for found in walk(made.stepper(target), made.clip)[:4]]
    other.score(made.clip[-SPEC.frames :])
    found = [one.score(made.clip[: SPEC.frames])]
    for end in range(SPEC.frames + 1, SPEC.frames + 4):
        other.follow(made.clip[-SPEC.frames :], new=1)
        found.append(one.follow(made.clip[end - SPEC.frames : end], new=1))
    assert [score.score for score in found] == pytest.approx(alone, rel=1e-6)
