"""The tiny bundle (frame differences, T = 8, 32x32, 10 frames/s), and variations of its graph."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from ocrgan_edge.bundle import Bundle, open_bundle, write_bundle
from ocrgan_edge.runtime.graph import Graph

FIXTURES = Path(__file__).parents[2] / "fixtures"


def _maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make", FIXTURES / "make_tiny_bundle.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiny() -> Bundle:
    return open_bundle(FIXTURES / "tiny.ocrgan")


@pytest.fixture(scope="session")
def tiny_graph() -> Callable[..., Graph]:
    """`tiny_graph(replacements, runtime)`: its graph with parts of the text replaced."""
    maker = _maker()
    text: str = maker.GRAPH

    def build(replacements: dict[str, str] | None = None, runtime: str = "onnx") -> Graph:
        changed = text
        for old, new in (replacements or {}).items():
            assert old in changed
            changed = changed.replace(old, new)
        model = onnx.parser.parse_model(changed).SerializeToString()
        if runtime == "openvino":
            return Graph("openvino-fp16", "openvino", "fp16", *maker.to_openvino(model))
        return Graph("onnx-fp32", "onnx", "fp32", model)

    return build


@pytest.fixture(scope="session")
def to_ir() -> Callable[[bytes], tuple[bytes, bytes]]:
    """An ONNX graph as OpenVINO's XML and weights."""
    convert: Callable[[bytes], tuple[bytes, bytes]] = _maker().to_openvino
    return convert


@pytest.fixture
def rewrite(tiny: Bundle, tmp_path: Path) -> Callable[[dict[str, bytes]], Bundle]:
    """`rewrite(members)`: the tiny bundle with some members replaced."""

    def build(members: dict[str, bytes]) -> Bundle:
        path = tmp_path / "changed.ocrgan"
        kept = {name: tiny.member(name) for name in tiny.manifest.members}
        write_bundle(path, tiny.manifest, {**kept, **members})
        return open_bundle(path)

    return build


@pytest.fixture
def flash() -> NDArray[np.uint8]:
    """Black, and white in the newest frame: the largest change there is, everywhere."""
    window = np.zeros((8, 32, 32, 3), np.uint8)
    window[7] = 255
    return window
