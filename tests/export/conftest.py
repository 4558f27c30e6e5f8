"""A small network, exported and quantized once for all tests of the makers of graphs."""

from collections.abc import Iterator

import numpy as np
import onnx
import pytest
import torch

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
