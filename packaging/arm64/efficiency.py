"""What our INT8 graphs reach of this processor: the assumption behind `estimates`.

`PYTHONPATH=packaging python -m arm64.efficiency nano small` prints, per preset, processor seconds
of a window on one thread, and which share of them goes into multiplications; before them the same
of one large convolution. Processor time is what other programs take least from.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.onnx_precision import CONVOLUTIONS, PRODUCTS
from ocrgan_edge.runtime.onnx_scorer import open_session, session_options
from ocrgan_export.quantize import quantize_onnx
from ocrgan_export.to_onnx import example_inputs, to_onnx
from ocrgan_training.fused_graph import FusedGraph
from ocrgan_training.network.cost import count_cost
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import preset

SECONDS = 4.0
"""Processor time spent on each graph."""
PLAIN = 128
"""Channels of the large convolution."""


def preset_graph(name: str) -> tuple[bytes, dict[str, np.ndarray]]:
    """The INT8 graph of a preset with random weights, and inputs: neither changes the time."""
    network = FusedGraph(OcrGanVideo(preset(name)))
    frames, mean, scale = (value.numpy() for value in example_inputs(network))
    frames = np.random.default_rng(1).integers(0, 256, frames.shape).astype(np.uint8)
    model = quantize_onnx(to_onnx(network), [frames[0]])
    feed = {"frames": frames, "location_mean": mean, "location_scale": scale}
    return model.SerializeToString(), feed


def plain_graph() -> tuple[bytes, dict[str, np.ndarray], int]:
    """One INT8 convolution, 3×3 with as many channels out as in, over 64×64 places; its MACs."""
    generator = np.random.default_rng(1)
    weights = generator.integers(-63, 64, (PLAIN, PLAIN, 3, 3)).astype(np.int8)
    scalars = {"s": np.float32(0.1), "z": np.uint8(128), "ws": np.float32(0.01), "wz": np.int8(0)}
    constants = {"w": weights, **scalars}
    node = helper.make_node(
        "QLinearConv", ["x", "s", "z", "w", "ws", "wz", "s", "z"], ["y"], pads=[1, 1, 1, 1]
    )
    shape = [1, PLAIN, 64, 64]
    graph = helper.make_graph(
        [node],
        "plain",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("y", TensorProto.UINT8, shape)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    x = generator.integers(0, 256, shape).astype(np.uint8)
    return model.SerializeToString(), {"x": x}, weights.size * 64 * 64


def measure(name: str, model: bytes, feed: dict[str, np.ndarray]) -> tuple[float, float]:
    """Processor seconds of one run on one thread, and the multiplications' share of them."""
    options = session_options("int8", 1)
    session = open_session(Graph(name, "onnx", "int8", model, b""), options)
    seconds = _seconds(session, feed)
    options.enable_profiling = True
    options.profile_file_prefix = f"/tmp/efficiency-{name}"
    session = open_session(Graph(name, "onnx", "int8", model, b""), options)
    for _ in range(5):
        session.run(None, feed)
    profile = Path(session.end_profiling())
    events = json.loads(profile.read_text())
    profile.unlink()
    spent = {True: 0, False: 0}
    for event in events:
        if event.get("name", "").endswith("_kernel_time"):
            spent[event["args"]["op_name"] in CONVOLUTIONS + PRODUCTS] += event["dur"]
    return seconds, spent[True] / sum(spent.values())


def _seconds(session: onnxruntime.InferenceSession, feed: dict[str, np.ndarray]) -> float:
    session.run(None, feed)
    start, runs = time.process_time(), 0
    while time.process_time() - start < SECONDS:
        session.run(None, feed)
        runs += 1
    return (time.process_time() - start) / runs


def main(names: list[str]) -> None:
    """Prints a line per graph."""
    model, feed, macs = plain_graph()
    seconds, _ = measure("plain", model, feed)
    rate = macs / seconds / 1e9
    print(f"plain: {macs / 1e6:.0f} MMAC, {seconds * 1e3:.1f} ms, {rate:.1f} GMAC/s", flush=True)
    for name in names:
        macs = count_cost(preset(name)).macs
        seconds, share = measure(name, *preset_graph(name))
        rate = macs / (seconds * share) / 1e9
        print(
            f"{name}: {macs / 1e6:.0f} MMAC, {seconds * 1e3:.1f} ms, {share:.1%} of it multiplies "
            f"at {rate:.1f} GMAC/s, the rest takes {seconds * (1 - share) * 1e3:.1f} ms",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
