"""A small network, exported and quantized once for all tests of the makers of graphs."""

from collections.abc import Callable, Iterator

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from ocrgan_export.quantize import quantize_onnx, quantize_openvino
from ocrgan_export.to_onnx import to_onnx
from ocrgan_export.to_openvino import Ir, to_openvino
from ocrgan_export.windows import Window
from ocrgan_training.fused_graph import FusedGraph
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import NetworkConfig

SMALL = NetworkConfig(
    frames=8, height=32, width=32, base_width=8, features=16, temporal="basic", recent=4
)

ACROSS, SHORT, CHANNELS = 16, 2, 8
"""Pixels, frames and channels of three convolutions."""


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def walking_block(number: int, speed: int = 1, size: int = 32, frames: int = 8) -> Window:
    """(T, H, W, 3): a block that walks over a noisy ground."""
    random = np.random.default_rng(number)
    window = random.integers(60, 70, (frames, size, size, 3), dtype=np.uint8)
    for t in range(frames):
        left = (5 * number + speed * t) % (size - 8)
        window[t, 6 + number % 12 : 18 + number % 12, left : left + 7] = 160 + number
    return window


@pytest.fixture(scope="session")
def windows() -> list[Window]:
    return [walking_block(number) for number in range(12)]


@pytest.fixture(scope="session")
def unusual() -> list[Window]:
    return [walking_block(number, speed=1 + number) for number in range(12)]


def seeded(config: NetworkConfig, windows: list[Window]) -> OcrGanVideo:
    """A network that has seen a few windows, so that its BatchNorms know what is usual."""
    torch.manual_seed(1)
    network = OcrGanVideo(config).train()
    with torch.no_grad():
        for window in windows[:6]:
            video = torch.from_numpy(window)[None].permute(0, 1, 4, 2, 3) / 127.5 - 1
            network.features(torch.cat([video, network.reconstruct(video).fake]))
            if config.local_discriminator:
                network.patch_logits(video)
    return network.eval()


@pytest.fixture(scope="session")
def network(windows: list[Window]) -> OcrGanVideo:
    return seeded(SMALL, windows)


@pytest.fixture(scope="session")
def graph(network: OcrGanVideo) -> FusedGraph:
    return FusedGraph(network)


@pytest.fixture(scope="session")
def model(graph: FusedGraph) -> onnx.ModelProto:
    return to_onnx(graph)


@pytest.fixture(scope="session")
def ir(model: onnx.ModelProto) -> Ir:
    return to_openvino(model)


@pytest.fixture(scope="session")
def int8_model(model: onnx.ModelProto, windows: list[Window]) -> onnx.ModelProto:
    return quantize_onnx(model, windows)


@pytest.fixture(scope="session")
def int8_ir(model: onnx.ModelProto, windows: list[Window]) -> Ir:
    return quantize_openvino(model, windows)


def make_three_convolutions(huge: float = 1.0) -> onnx.ModelProto:
    """Frames → a → b → c → map. One channel between a and b is `huge` times as large.

    b divides by as much, so that the graph always says the same in float.
    """
    random = np.random.default_rng(3)
    weights = {
        "a": random.normal(0, 0.3, (CHANNELS, 3, 3, 3)),
        "b": random.normal(0, 0.3, (CHANNELS, CHANNELS, 3, 3)),
        "c": random.normal(0, 0.3, (1, CHANNELS, 3, 3)),
    }
    weights["a"][0] *= huge
    weights["b"][:, 0] /= huge
    constants = {
        "images": np.array([SHORT, 3, ACROSS, ACROSS]),
        "map_shape": np.array([SHORT, ACROSS, ACROSS]),
        "terms_shape": np.array([5, SHORT, ACROSS, ACROSS]),
        "one": np.array([1]),
        "places": np.array([1, 2]),
        "half": np.float32(127.5),
        "equal": np.full(5, 0.2, np.float32),
        **{name: weight.astype(np.float32) for name, weight in weights.items()},
    }
    nodes = [
        helper.make_node("Cast", ["frames"], ["numbers"], "score.Cast_1", to=TensorProto.FLOAT),
        helper.make_node("Div", ["numbers", "half"], ["pixels"], "score.Div_1"),
        helper.make_node("Transpose", ["pixels"], ["colours"], "score.T_1", perm=[0, 1, 4, 2, 3]),
        helper.make_node("Reshape", ["colours", "images"], ["seen"], "score.Reshape_1"),
        *convolution("a", "seen", "after_a"),
        *convolution("b", "after_a", "after_b"),
        *convolution("c", "after_b", "after_c"),
        helper.make_node("Reshape", ["after_c", "map_shape"], ["anomaly_map"], "score.Reshape_2"),
        helper.make_node("Expand", ["anomaly_map", "terms_shape"], ["terms"], "score.Expand_1"),
        helper.make_node(
            "ReduceMax", ["anomaly_map", "places"], ["frame_scores"], "score.Max_1", keepdims=0
        ),
        helper.make_node("ReduceMax", ["frame_scores"], ["worst"], "score.Max_2"),
        helper.make_node("Reshape", ["worst", "one"], ["score"], "score.Reshape_3"),
        helper.make_node("Identity", ["score"], ["seed"], "score.Identity_1"),
        helper.make_node("Identity", ["equal"], ["shares"], "score.Identity_2"),
    ]
    grid = [5, ACROSS, ACROSS]
    graph = helper.make_graph(
        nodes,
        "three",
        [
            helper.make_tensor_value_info(
                "frames", TensorProto.UINT8, [1, SHORT, ACROSS, ACROSS, 3]
            ),
            tensor("location_mean", grid),
            tensor("location_scale", grid),
        ],
        [
            tensor("score", [1]),
            tensor("frame_scores", [SHORT]),
            tensor("anomaly_map", [SHORT, ACROSS, ACROSS]),
            tensor("shares", [5]),
            tensor("seed", [1]),
            tensor("terms", [5, SHORT, ACROSS, ACROSS]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model


def convolution(name: str, given: str, made: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node(
            "Conv", [given, name], [f"{made}_sum"], f"network.{name}.Conv_1", pads=[1, 1, 1, 1]
        ),
        helper.make_node(
            "LeakyRelu", [f"{made}_sum"], [made], f"network.{name}.LeakyRelu_1", alpha=0.2
        ),
    ]


def tensor(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


@pytest.fixture(scope="session")
def three_convolutions() -> Callable[..., onnx.ModelProto]:
    """Makes a graph of three convolutions, in which a channel can be made huge."""
    return make_three_convolutions
