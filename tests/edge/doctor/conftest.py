"""The tiny bundle with an INT8 target beside it, whose graph can be made worse."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from ocrgan_edge.bundle import open_bundle, write_bundle

FIXTURES = Path(__file__).parents[2] / "fixtures"
NEW = "onnx-int8"


def graph_text() -> str:
    spec = importlib.util.spec_from_file_location("make", FIXTURES / "make_tiny_bundle.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text: str = module.GRAPH
    return text


@pytest.fixture
def with_int8(tmp_path: Path) -> Callable[..., Path]:
    """`with_int8({old: new}, stated)`: a bundle of onnx-fp32 and a changed graph as onnx-int8."""

    def build(changes: dict[str, str], stated: float | None = None) -> Path:
        tiny, text = open_bundle(FIXTURES / "tiny.ocrgan"), graph_text()
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        entry = tiny.target("onnx-fp32")
        int8 = entry.model_copy(
            update={"precision": "int8", "graph": "int8.onnx", "int8_share_of_macs": stated}
        )
        targets = {"onnx-fp32": entry, NEW: int8}
        golden = tiny.arrays("golden.npz")
        golden[f"score/{NEW}"] = golden["score/onnx-fp32"]
        data = io.BytesIO()
        np.savez_compressed(data, **golden)
        members = {
            "graphs/onnx-fp32.onnx": tiny.member("graphs/onnx-fp32.onnx"),
            "int8.onnx": onnx.parser.parse_model(text).SerializeToString(),
            "statistics.npz": tiny.member("statistics.npz"),
            "golden.npz": data.getvalue(),
        }
        path = tmp_path / "int8.ocrgan"
        write_bundle(path, tiny.manifest.model_copy(update={"targets": targets}), members)
        return path

    return build
