"""Twenty bad bundles and more: each is refused with its sentence, the old one goes on."""

from __future__ import annotations

import io
import json
import os
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from ocrgan_edge.alerts.messages import ModelMessage
from ocrgan_edge.bundle import Bundle, open_bundle, write_bundle
from ocrgan_edge.service.models import Installer

TINY = Path(__file__).parents[1] / "fixtures" / "tiny.ocrgan"
DATA = TINY.read_bytes()
GRAPH = "graphs/onnx-fp32.onnx"
TRUNCATIONS = 200 if os.environ.get("OCRGAN_FAULTS") == "long" else 8
FLIPS = 2000 if os.environ.get("OCRGAN_FAULTS") == "long" else 40
Make = Callable[[Path], None]


def as_bytes(data: bytes) -> Make:
    """A file of these bytes."""
    return lambda path: void(path.write_bytes(data))


def void(_: object) -> None: ...


def with_members(**changes: bytes) -> Make:
    """The tiny bundle with other content, whose hashes are right: as made by mistake or malice."""

    def make(path: Path) -> None:
        tiny = open_bundle(TINY)
        members = {name: tiny.member(name) for name in tiny.manifest.members}
        write_bundle(path, tiny.manifest, members | changes)

    return make


def with_graph(graph: bytes) -> Make:
    return with_members(**{GRAPH: graph})


def with_manifest(**changes: object) -> Make:
    def make(path: Path) -> None:
        with zipfile.ZipFile(TINY) as opened:
            members = {name: opened.read(name) for name in opened.namelist()}
        fields = json.loads(members["manifest.json"]) | changes
        members["manifest.json"] = json.dumps(fields).encode()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
            for name, content in members.items():
                target.writestr(name, content)

    return make


def a_zip(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return data.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.savez_compressed(data, **arrays)
    return data.getvalue()


def claiming(size: int) -> bytes:
    """A bundle whose directory says that its first member unpacks to this many bytes."""
    with zipfile.ZipFile(io.BytesIO(DATA)) as opened:
        central = opened.start_dir
    return DATA[: central + 24] + struct.pack("<I", size) + DATA[central + 28 :]


def foreign_graph() -> bytes:
    """A good ONNX graph that has nothing to do with frames."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "neg", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


def golden(**changes: np.ndarray) -> bytes:
    arrays = open_bundle(TINY).arrays("golden.npz")
    return npz(**{name: np.asarray(array) for name, array in (arrays | changes).items()})


ONES = np.ones((5, 8, 8), np.float32)
TINY_GRAPH = open_bundle(TINY).member(GRAPH)
BAD: dict[str, tuple[Make, str]] = {
    "empty": (as_bytes(b""), "is empty: copy it again"),
    "zeros": (as_bytes(bytes(5000)), "cannot be read"),
    "a picture": (as_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99)), "cannot be read"),
    "a script": (as_bytes(b"#!/bin/sh\nrm -rf /\n"), "cannot be read"),
    "another zip": (as_bytes(a_zip(**{"a.txt": b"hello"})), "has no manifest.json"),
    "beginning lost": (as_bytes(DATA[999:]), "cannot be read"),
    "zip bomb": (as_bytes(claiming(600 << 20)), "would unpack to 600 MB"),
    "real bomb": (as_bytes(a_zip(**{"manifest.json": b" " * (30 << 20)})), "is not JSON"),
    "newer": (with_manifest(schema_version=2), "has schema 2, this version reads up to 1"),
    "unknown field": (with_manifest(run="x"), "manifest.json: run"),
    "manifest of nothing": (with_manifest(targets={}), "has no target"),
    "huge input": (
        with_manifest(input=dict(frames=8, height=9**9, width=9**9, frames_per_second=10)),
        "golden windows|graph",
    ),
    "other terms": (with_manifest(terms=["texture"]), "term"),
    "golden of other size": (
        with_members(**{"golden.npz": golden(frames=np.zeros((2, 8, 16, 16, 3), np.uint8))}),
        "golden windows are uint8",
    ),
    "golden of other scores": (
        with_members(**{"golden.npz": golden(**{"score/onnx-fp32": np.float32([50, 60])})}),
        "fails its self-test on this machine",
    ),
    "golden not finite": (
        with_members(**{"golden.npz": golden(**{"score/onnx-fp32": np.float32([np.nan, 1])})}),
        "are not finite",
    ),
    "golden lost": (with_members(**{"golden.npz": npz(x=ONES)}), "has no golden windows"),
    "statistics no arrays": (with_members(**{"statistics.npz": b"no"}), "is no array file"),
    "statistics negative": (
        with_members(**{"statistics.npz": npz(mean=ONES, scale=-ONES)}),
        "a scale not above 0",
    ),
    "statistics of another grid": (
        with_members(**{"statistics.npz": npz(mean=ONES[:, :3, :3], scale=ONES[:, :3, :3])}),
        "location_mean",
    ),
    "graph of zeros": (with_graph(bytes(500)), "onnx-fp32 cannot be loaded"),
    "graph empty": (with_graph(b""), "onnx-fp32 cannot be loaded"),
    "graph cut": (with_graph(TINY_GRAPH[: len(TINY_GRAPH) // 2]), "onnx-fp32 cannot be loaded"),
    "graph of something else": (with_graph(foreign_graph()), "onnx-fp32 has no input 'frames'"),
}


class Running:
    """An old model in use, and an installer that should never leave it."""

    def __init__(self, folder: Path) -> None:
        self.old = open_bundle(TINY)
        self.said: list[ModelMessage] = []
        self.switched: list[Bundle | None] = []
        self.installer = Installer(folder, self.old, self.said.append)

    def refuses(self, name: str) -> str:
        """Its sentence; the old model was never left."""
        assert self.installer.install(name, self.switched.append, ("onnx-fp32",)) is None
        last = self.said[-1]
        assert (last.installed, last.sha256) == ("tiny.ocrgan", self.old.sha256)
        assert last.state == "failed"
        assert not self.switched
        sentence = str(last.message)
        assert sentence.isprintable(), sentence
        return sentence


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_bundle_is_refused_with_its_sentence(tmp_path: Path, kind: str) -> None:
    make, wanted = BAD[kind]
    make(tmp_path / "bad.ocrgan")
    sentence = Running(tmp_path).refuses("bad.ocrgan")
    assert any(part in sentence for part in wanted.split("|")), sentence
    assert "bad.ocrgan" in sentence


def test_a_bundle_cut_at_any_place_is_refused(tmp_path: Path) -> None:
    running = Running(tmp_path)
    places = random.Random(1).sample(range(1, len(DATA)), TRUNCATIONS)
    for place in places:
        (tmp_path / "cut.ocrgan").write_bytes(DATA[:place])
        assert "copy it again" in running.refuses("cut.ocrgan"), place


def test_altered_bytes_are_refused_or_say_nothing(tmp_path: Path) -> None:
    """A flipped bit is found, unless it lies where a zip file holds what is not read (a date)."""
    chance = random.Random(2)
    said: list[ModelMessage] = []
    installer = Installer(tmp_path, open_bundle(TINY), said.append)
    refused = 0
    for _ in range(FLIPS):
        place = chance.randrange(len(DATA))
        flipped = bytes([DATA[place] ^ 1 << chance.randrange(8)])
        (tmp_path / "flip.ocrgan").write_bytes(DATA[:place] + flipped + DATA[place + 1 :])
        installed = installer.install("flip.ocrgan", void, ("onnx-fp32",))
        refused += installed is None
        if installed:
            assert installed.member(GRAPH) == TINY_GRAPH
    assert refused > FLIPS * 0.8


def test_a_graph_altered_at_random_is_refused_or_scores_as_before(tmp_path: Path) -> None:
    """With right hashes, so that the runtime itself has to cope with it."""
    chance = random.Random(3)
    said: list[ModelMessage] = []
    installer = Installer(tmp_path, open_bundle(TINY), said.append)
    for _ in range(FLIPS):
        graph = bytearray(TINY_GRAPH)
        for _ in range(chance.choice([1, 1, 2, 5])):
            graph[chance.randrange(len(graph))] = chance.randrange(256)
        with_graph(bytes(graph))(tmp_path / "wild.ocrgan")
        if installer.install("wild.ocrgan", void, ("onnx-fp32",)) is None:
            assert str(said[-1].message).startswith(f"bundle {tmp_path / 'wild.ocrgan'}")
