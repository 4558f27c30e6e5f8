from __future__ import annotations

import importlib.util
import io
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.bundle import Bundle, Target
from ocrgan_edge.errors import BundleError, SettingsError
from ocrgan_edge.runtime.open_scorer import default_target, open_scorer
from ocrgan_edge.runtime.self_test import golden_scores, self_test

Rewrite = Callable[[dict[str, bytes]], Bundle]


def npz(**arrays: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.savez_compressed(data, **arrays)
    return data.getvalue()


def with_targets(bundle: Bundle, *names: str) -> Bundle:
    """The bundle as it would be with these targets; none of their graphs is read."""
    entry = bundle.target("onnx-fp32")
    targets: dict[str, Target] = {}
    for name in names:
        runtime, precision = name.split("-")
        targets[name] = entry.model_copy(update={"runtime": runtime, "precision": precision})
    manifest = bundle.manifest.model_copy(update={"targets": targets})
    return Bundle(bundle.path, manifest, {}, bundle.sha256)


ALL = ("onnx-fp32", "onnx-int8", "openvino-fp16", "openvino-int8")


@pytest.mark.parametrize(
    ("machine", "names", "chosen"),
    [
        ("x86_64", ALL, "openvino-int8"),
        ("x86_64", ("onnx-fp32", "onnx-int8", "openvino-fp16"), "onnx-int8"),
        ("x86_64", ("onnx-fp32", "openvino-fp16"), "openvino-fp16"),
        ("aarch64", ALL, "onnx-int8"),
        ("aarch64", ("openvino-int8", "onnx-fp32"), "openvino-int8"),
    ],
)
def test_the_fastest_target_of_the_machine_is_the_default(
    tiny: Bundle,
    monkeypatch: pytest.MonkeyPatch,
    machine: str,
    names: tuple[str, ...],
    chosen: str,
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert default_target(with_targets(tiny, *names)) == chosen


@pytest.fixture
def without_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a device where the extra is not installed."""
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.delitem(sys.modules, "ocrgan_edge.runtime.openvino_scorer", raising=False)


@pytest.mark.usefixtures("without_openvino")
def test_without_openvino_its_targets_are_not_chosen(tiny: Bundle) -> None:
    assert default_target(with_targets(tiny, *ALL)) == "onnx-int8"
    assert open_scorer(tiny).target == "onnx-fp32"


@pytest.mark.usefixtures("without_openvino")
def test_without_openvino_asking_for_it_says_how_to_install_it(tiny: Bundle) -> None:
    with pytest.raises(SettingsError, match=r"openvino-fp16 needs OpenVINO.*\[openvino\]"):
        open_scorer(tiny, "openvino-fp16")


@pytest.mark.usefixtures("without_openvino")
def test_a_bundle_for_openvino_alone_says_how_to_install_it(tiny: Bundle) -> None:
    with pytest.raises(BundleError, match=r"no target for what is installed .*has openvino-int8\)"):
        default_target(with_targets(tiny, "openvino-int8"))


def test_an_unknown_target_is_refused_with_those_that_are_there(tiny: Bundle) -> None:
    with pytest.raises(BundleError, match="no target 'tpu'; it has onnx-fp32, openvino-fp16"):
        open_scorer(tiny, "tpu")


def test_no_threads_are_refused(tiny: Bundle) -> None:
    with pytest.raises(SettingsError, match="threads must be at least 1, not 0"):
        open_scorer(tiny, "onnx-fp32", threads=0)


@pytest.mark.parametrize("target", ["onnx-fp32", "openvino-fp16"])
def test_the_golden_windows_score_what_the_bundle_says(tiny: Bundle, target: str) -> None:
    assert self_test(tiny, open_scorer(tiny, target)) < 1e-4


def test_a_golden_score_that_differs_is_refused_with_the_numbers(
    tiny: Bundle, rewrite: Rewrite
) -> None:
    golden = tiny.arrays("golden.npz")
    golden["score/onnx-fp32"] = golden["score/onnx-fp32"] + np.float32([0, 0.5])
    with pytest.raises(
        BundleError,
        match=r"onnx-fp32 fails its self-test .* window 1 scores 5\.9546 instead of 6\.4546 "
        r"\(allowed: 0\.0065\)",
    ):
        open_scorer(rewrite({"golden.npz": npz(**golden)}), "onnx-fp32")


def test_other_statistics_than_those_of_the_golden_windows_are_refused(rewrite: Rewrite) -> None:
    neutral = npz(mean=np.zeros((5, 8, 8), np.float32), scale=np.ones((5, 8, 8), np.float32))
    with pytest.raises(BundleError, match="fails its self-test"):
        open_scorer(rewrite({"statistics.npz": neutral}), "onnx-fp32")


def test_the_self_test_can_be_left_out_by_a_bundles_maker(rewrite: Rewrite) -> None:
    bundle = rewrite({"golden.npz": npz(frames=np.zeros((1, 8, 32, 32, 3), np.uint8))})
    scorer = open_scorer(bundle, "onnx-fp32", check=False)
    assert golden_scores(scorer, np.zeros((2, 8, 32, 32, 3), np.uint8)).tolist() == [0, 0]


def test_an_int8_graph_may_round_differently_on_another_machine(
    tiny: Bundle, rewrite: Rewrite
) -> None:
    """Allowed are 5 % of (score + 1): 0.3477 at 5.9546."""
    golden = tiny.arrays("golden.npz")
    golden["score/onnx-fp32"] = golden["score/onnx-fp32"] + np.float32([0.05, -0.3])
    bundle = rewrite({"golden.npz": npz(**golden)})
    entry = bundle.target("onnx-fp32").model_copy(update={"precision": "int8"})
    manifest = bundle.manifest.model_copy(update={"targets": {"onnx-fp32": entry}})
    members = {name: bundle.member(name) for name in manifest.members}
    open_scorer(Bundle(bundle.path, manifest, members, bundle.sha256), "onnx-fp32")


def test_a_bundle_can_state_its_own_tolerance(tiny: Bundle) -> None:
    entry = tiny.target("openvino-fp16").model_copy(update={"golden_tolerance": 1e-9})
    manifest = tiny.manifest.model_copy(update={"targets": {"openvino-fp16": entry}})
    golden = tiny.arrays("golden.npz")
    golden["score/openvino-fp16"] = golden["score/openvino-fp16"] + np.float32(1e-5)
    members = {name: tiny.member(name) for name in manifest.members}
    bundle = Bundle(tiny.path, manifest, {**members, "golden.npz": npz(**golden)}, tiny.sha256)
    with pytest.raises(BundleError, match="fails its self-test"):
        open_scorer(bundle, "openvino-fp16")


@pytest.mark.parametrize(
    ("golden", "sentence"),
    [
        ({}, "has no golden windows for onnx-fp32"),
        (
            {"frames": np.zeros((1, 8, 16, 16, 3), np.uint8), "score/onnx-fp32": np.zeros(1)},
            r"golden windows are uint8 \(1, 8, 16, 16, 3\) .* but uint8 \(N, 8, 32, 32, 3\)",
        ),
        (
            {"frames": np.zeros((0, 8, 32, 32, 3), np.uint8), "score/onnx-fp32": np.zeros(0)},
            "golden windows are",
        ),
        (
            {
                "frames": np.zeros((1, 8, 32, 32, 3), np.uint8),
                "score/onnx-fp32": np.full(1, np.nan),
            },
            "golden scores of onnx-fp32 are not finite",
        ),
    ],
)
def test_golden_windows_that_test_nothing_are_refused(
    rewrite: Rewrite, golden: dict[str, np.ndarray], sentence: str
) -> None:
    with pytest.raises(BundleError, match=sentence):
        open_scorer(rewrite({"golden.npz": npz(**golden)}), "onnx-fp32")


def test_the_committed_bundle_is_what_its_script_makes(
    tiny: Bundle, tiny_graph: Callable[..., object]
) -> None:
    assert tiny.member("graphs/onnx-fp32.onnx") == tiny_graph().model  # type: ignore[attr-defined]
    assert Path(tiny.path).stat().st_size <= 20_000


def test_openvino_is_installed_here() -> None:
    """The tests above would else pass without having run it."""
    assert importlib.util.find_spec("openvino")
