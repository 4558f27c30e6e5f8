from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocrgan_edge import archive
from ocrgan_edge.bundle import MANIFEST, Bundle, Manifest, open_bundle, write_bundle
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.open_scorer import open_scorer

TINY = Path(__file__).parents[1] / "fixtures" / "tiny.ocrgan"
DATA = TINY.read_bytes()
Members = dict[str, bytes]


def unpacked() -> Members:
    with zipfile.ZipFile(TINY) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(members: Members, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return data.getvalue()


def with_manifest(**changes: object) -> bytes:
    members = unpacked()
    fields = json.loads(members[MANIFEST]) | changes
    return packed(members | {MANIFEST: json.dumps(fields).encode()})


def with_member(name: str, content: bytes) -> bytes:
    return packed(unpacked() | {name: content})


def without(name: str) -> bytes:
    members = unpacked()
    del members[name]
    return packed(members)


def with_byte_flipped_inside(name: str) -> bytes:
    """Damage in a member's packed bytes, as a bad SD card does it."""
    with zipfile.ZipFile(TINY) as opened:
        entry = opened.getinfo(name)
    place = entry.header_offset + 30 + len(name) + entry.compress_size // 2
    return DATA[:place] + bytes([DATA[place] ^ 0x10]) + DATA[place + 1 :]


def member_twice() -> bytes:
    data = io.BytesIO(DATA)
    with zipfile.ZipFile(data, "a") as target, pytest.warns(UserWarning, match="Duplicate name"):
        target.writestr("golden.npz", b"another")
    return data.getvalue()


def encrypted() -> bytes:
    data = bytearray(packed(unpacked(), zipfile.ZIP_STORED))
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        central = opened.start_dir
    struct.pack_into("<H", data, 6, 1)  # "encrypted" in the local header
    struct.pack_into("<H", data, central + 8, 1)  # and in the directory
    return bytes(data)


def claiming(data: bytes, size: int) -> bytes:
    """An archive whose directory says that its first member unpacks to this many bytes."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        central = opened.start_dir
    return data[: central + 24] + struct.pack("<I", size) + data[central + 28 :]


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "is empty: copy it again"),
    "text": (lambda: b"hello, this is no bundle", "cannot be read .*: copy it again"),
    "cut at a tenth": (lambda: DATA[: len(DATA) // 10], "cannot be read .*: copy it again"),
    "cut in the middle": (lambda: DATA[: len(DATA) // 2], "cannot be read .*: copy it again"),
    "cut before its end": (lambda: DATA[:-3], "cannot be read .*: copy it again"),
    "beginning lost": (lambda: DATA[1000:], "cannot be read"),
    "flipped byte": (
        lambda: with_byte_flipped_inside("graphs/onnx-fp32.onnx"),
        "cannot be read .*: copy it again",
    ),
    "altered member": (
        lambda: with_member("graphs/onnx-fp32.onnx", b"another graph"),
        r"graphs/onnx-fp32\.onnx was altered \(its SHA-256 differs\)",
    ),
    "member lost": (lambda: without("golden.npz"), "do not agree about 'golden.npz'"),
    "member added": (lambda: with_member("run.sh", b"x"), "do not agree about 'run.sh'"),
    "member twice": (member_twice, "member 'golden.npz' is there twice"),
    "no manifest": (lambda: without(MANIFEST), "is no bundle: it has no manifest.json"),
    "manifest no JSON": (lambda: with_member(MANIFEST, b"{"), "manifest.json is not JSON"),
    "manifest too deep": (lambda: with_member(MANIFEST, b"[" * 100_000), "is not JSON"),
    "manifest a list": (lambda: with_member(MANIFEST, b"[]"), "manifest.json: .*"),
    "newer schema": (
        lambda: with_manifest(schema_version=9),
        "has schema 9, this version reads up to 1: update ocrgan-edge",
    ),
    "field missing": (lambda: without_field("input"), "manifest.json: input: Field required"),
    "field unknown": (lambda: with_manifest(colour="red"), "manifest.json: colour: Extra inputs"),
    "no frames": (
        lambda: with_manifest(input=dict(frames=0, height=32, width=32, frames_per_second=10)),
        "manifest.json: input.frames: Input should be greater than 0",
    ),
    "threshold not a number": (lambda: with_threshold(float("nan")), "threshold: .*finite number"),
    "path traversal": (
        lambda: with_member("../../etc/cron.d/job", b"x"),
        r"member '../../etc/cron.d/job' lies outside the bundle",
    ),
    "absolute path": (lambda: with_member("/etc/passwd", b"x"), "lies outside the bundle"),
    "encrypted": (encrypted, "cannot be read .*: copy it again"),
    "another packing": (
        lambda: packed(unpacked(), zipfile.ZIP_LZMA),
        "is packed in a way that is not allowed",
    ),
    "too many members": (
        lambda: packed(unpacked() | {str(i): b"" for i in range(300)}),
        "has 306 members, more than is allowed",
    ),
    "zip bomb": (lambda: claiming(DATA, 600 << 20), "would unpack to 600 MB, more than is allowed"),
}


def without_field(name: str) -> bytes:
    members = unpacked()
    fields = json.loads(members[MANIFEST])
    del fields[name]
    return packed(members | {MANIFEST: json.dumps(fields).encode()})


def with_threshold(value: float) -> bytes:
    fields = json.loads(unpacked()[MANIFEST])
    fields["targets"]["onnx-fp32"]["calibration"]["threshold"] = value
    return with_manifest(targets=fields["targets"])


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_bundle_is_refused_with_its_sentence(tmp_path: Path, kind: str) -> None:
    make, sentence = BAD[kind]
    path = tmp_path / "bad.ocrgan"
    path.write_bytes(make())
    with pytest.raises(BundleError, match=sentence) as refused:
        open_bundle(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"there is no bundle at .*gone\.ocrgan"):
        open_bundle(tmp_path / "gone.ocrgan")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"cannot be read \(Is a directory\)"):
        open_bundle(tmp_path)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.ocrgan"
    with path.open("wb") as file:
        file.truncate(archive.LARGEST + 1)
    with pytest.raises(BundleError, match="has 512 MB, more than is allowed"):
        open_bundle(path)


@pytest.mark.parametrize("length", range(1, len(DATA), 211))
def test_a_bundle_cut_anywhere_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "cut.ocrgan"
    path.write_bytes(DATA[:length])
    with pytest.raises(BundleError):
        open_bundle(path)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_no_flipped_byte_changes_what_is_read(tmp_path: Path, place: int, flip: int) -> None:
    """Either it is refused, or the byte was one that says nothing, such as a member's date."""
    path = tmp_path / "flipped.ocrgan"
    path.write_bytes(DATA[:place] + bytes([DATA[place] ^ flip]) + DATA[place + 1 :])
    try:
        bundle = open_bundle(path)
    except BundleError:
        return
    assert bundle.manifest == open_bundle(TINY).manifest
    assert {name: bundle.member(name) for name in bundle.manifest.members} == {
        name: content for name, content in unpacked().items() if name != MANIFEST
    }


def npz(**arrays: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.savez(data, **arrays)
    return data.getvalue()


GOOD = np.ones((5, 8, 8), np.float32)
BAD_STATISTICS = {
    "NaN": (npz(mean=GOOD * np.nan, scale=GOOD), "values that are not finite"),
    "infinite": (npz(mean=GOOD, scale=GOOD * np.inf), "values that are not finite"),
    "scale 0": (npz(mean=GOOD, scale=GOOD * 0), "a scale not above 0"),
    "no scale": (npz(mean=GOOD), r"must have the arrays mean and scale, it has \['mean'\]"),
    "four terms": (npz(mean=GOOD[:4], scale=GOOD[:4]), r"but both must be \(5 terms, h, w\)"),
    "two shapes": (npz(mean=GOOD, scale=GOOD[:, :4]), r"mean \(5, 8, 8\) and scale \(5, 4, 8\)"),
    "two dimensions": (npz(mean=GOOD[:, 0], scale=GOOD[:, 0]), r"both must be"),
    "doubles": (npz(mean=GOOD.astype(float), scale=GOOD), "must be float32"),
    "pickled": (npz(mean=np.array([{}], object), scale=GOOD), "is no array file"),
    "no archive": (b"nothing", "is no array file"),
}


def rewritten(path: Path, members: Members) -> Bundle:
    tiny = open_bundle(TINY)
    kept = {name: tiny.member(name) for name in tiny.manifest.members}
    write_bundle(path, tiny.manifest, kept | members)
    return open_bundle(path)


@pytest.mark.parametrize("kind", BAD_STATISTICS)
def test_bad_statistics_are_refused_with_their_sentence(tmp_path: Path, kind: str) -> None:
    member, sentence = BAD_STATISTICS[kind]
    bundle = rewritten(tmp_path / "bad.ocrgan", {"statistics.npz": member})
    with pytest.raises(BundleError, match=sentence) as refused:
        bundle.statistics("onnx-fp32")
    assert "statistics.npz" in str(refused.value)


def test_an_array_bomb_is_refused(tmp_path: Path) -> None:
    inner = claiming(npz(mean=GOOD), 513 << 20)
    bundle = rewritten(tmp_path / "bomb.ocrgan", {"statistics.npz": inner})
    with pytest.raises(BundleError, match="unpacks to more than is allowed"):
        bundle.arrays("statistics.npz")


def test_statistics_on_another_grid_than_the_graphs_are_refused(tmp_path: Path) -> None:
    smaller = npz(mean=GOOD[:, :4, :4], scale=GOOD[:, :4, :4])
    bundle = rewritten(tmp_path / "grid.ocrgan", {"statistics.npz": smaller})
    with pytest.raises(BundleError, match="'location_mean' is float32"):
        open_scorer(bundle, "onnx-fp32")


def test_an_unknown_target_is_refused_with_those_there() -> None:
    with pytest.raises(BundleError, match="has no target 'npu'; it has onnx-fp32, openvino-fp16"):
        open_bundle(TINY).target("npu")


def test_an_unknown_member_is_refused() -> None:
    with pytest.raises(BundleError, match="has no member 'run.sh'"):
        open_bundle(TINY).member("run.sh")


names = st.text("abcdefgh/.-", min_size=1, max_size=12).filter(
    lambda name: ".." not in name and not name.startswith("/") and not name.endswith("/")
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(names, st.binary(max_size=200), max_size=6), st.text(max_size=20))
def test_what_is_written_is_what_is_read(
    tmp_path: Path, members: dict[str, bytes], title: str
) -> None:
    manifest = open_bundle(TINY).manifest.model_copy(update={"name": title})
    path = tmp_path / "round.ocrgan"
    write_bundle(path, manifest, members)
    bundle = open_bundle(path)
    assert {name: bundle.member(name) for name in bundle.manifest.members} == members
    assert bundle.manifest.model_copy(update={"members": {}}) == manifest.model_copy(
        update={"members": {}}
    )


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    tiny = open_bundle(TINY)
    members = {name: tiny.member(name) for name in tiny.manifest.members}
    backwards = dict(reversed(members.items()))
    write_bundle(tmp_path / "one.ocrgan", tiny.manifest, members)
    write_bundle(tmp_path / "two.ocrgan", tiny.manifest, backwards)
    one, two = open_bundle(tmp_path / "one.ocrgan"), open_bundle(tmp_path / "two.ocrgan")
    assert one.sha256 == two.sha256 == tiny.sha256


def test_a_write_that_fails_leaves_the_old_bundle_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "good.ocrgan"
    path.write_bytes(DATA)
    with pytest.raises(TypeError):
        archive.write_archive(path, {"good": b"x", "bad": 5})  # type: ignore[dict-item]
    assert [entry.name for entry in tmp_path.iterdir()] == ["good.ocrgan"]
    assert path.read_bytes() == DATA


def test_a_manifest_survives_json() -> None:
    manifest = open_bundle(TINY).manifest
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest
