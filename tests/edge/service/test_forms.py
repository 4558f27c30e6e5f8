"""One bundle with graphs of windows and graphs that step: which one a camera is watched with."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ocrgan_calibration import recordings_command
from ocrgan_edge.bundle import Bundle, open_bundle, write_bundle
from ocrgan_edge.detection.threshold import Wish
from ocrgan_edge.doctor.bundle import Question, check_bundle
from ocrgan_edge.errors import BundleError, SettingsError
from ocrgan_edge.runtime.choose_target import candidates
from ocrgan_edge.runtime.open_scorer import open_scorer, runnable_targets
from ocrgan_edge.service.loaded_model import Budget, ModelShelf
from ocrgan_edge.service.remembered import RememberedCamera
from ocrgan_edge.service.settings.camera import CameraSettings
from ocrgan_edge.service.view import wanted_target
from ocrgan_export.both_forms import both_forms

pytestmark = pytest.mark.slow  # torch is imported

STEPS = {"onnx-fp32-step", "openvino-fp16-step"}
WINDOWS = {"onnx-fp32", "openvino-fp16"}


@pytest.fixture(scope="module")
def windows(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle, whose score is of one frame as that of the graph that steps."""
    tiny = open_bundle(tiny_bundle)
    path = tmp_path_factory.mktemp("windows") / "windows.ocrgan"
    training = {**tiny.manifest.training, "recent": 1}
    members = {name: tiny.member(name) for name in tiny.manifest.members}
    write_bundle(path, tiny.manifest.model_copy(update={"training": training}), members)
    return path


@pytest.fixture(scope="module")
def both(windows: Path, step_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    path = tmp_path_factory.mktemp("both") / "both.ocrgan"
    both_forms(windows, step_bundle.path, path, name="door")
    return open_bundle(path)


def camera(bundle: Bundle, **more: object) -> CameraSettings:
    return CameraSettings.model_validate({"source": "0", "bundle": bundle.path, **more})


def test_it_has_the_targets_of_both_with_their_statistics_and_thresholds(
    both: Bundle, windows: Path, step_bundle: Bundle
) -> None:
    assert set(both.manifest.targets) == WINDOWS | STEPS
    assert {name for name in STEPS if both.target(name).form == "step"} == STEPS
    for name in WINDOWS:
        assert both.target(name).calibration == open_bundle(windows).target(name).calibration
        found, wanted = both.statistics(f"{name}-step"), step_bundle.statistics(name)
        assert np.array_equal(found.mean, wanted.mean)
        assert both.target(f"{name}-step").calibration == step_bundle.target(name).calibration


def test_it_says_where_both_networks_come_from(both: Bundle) -> None:
    assert both.manifest.name == "door"
    assert both.manifest.training["preset"] == "frame differences"
    assert both.manifest.training["step_recent"] == 1


def test_every_graph_passes_its_self_test_on_the_same_golden_windows(both: Bundle) -> None:
    for name in runnable_targets(both):
        open_scorer(both, name, threads=1)


def test_steps_are_taken_unless_windows_are_asked_for(both: Bundle) -> None:
    assert set(candidates(both)) == set(candidates(both, "step")) == STEPS
    assert set(candidates(both, "window")) == WINDOWS


def test_two_cameras_may_use_a_form_each(both: Bundle) -> None:
    shelf = ModelShelf(Budget(1, 1))
    assert shelf.load(both, None).target in STEPS
    assert shelf.load(both, None, "window").target in WINDOWS


def test_a_target_of_another_form_than_is_wanted_is_refused(both: Bundle) -> None:
    told = RememberedCamera()
    fine = camera(both, target="onnx-fp32", form="window")
    assert wanted_target(fine, both, told, None) == "onnx-fp32"
    with pytest.raises(SettingsError, match="form is 'step', but target 'onnx-fp32' is of form"):
        wanted_target(camera(both, target="onnx-fp32", form="step"), both, told, None)


def test_a_form_that_a_bundle_lacks_is_refused_by_name(windows: Path) -> None:
    with pytest.raises(SettingsError, match=r"form is 'step', but .* has graphs of form window"):
        runnable_targets(open_bundle(windows), "step")


def test_the_doctor_compares_and_chooses_within_a_form(both: Bundle) -> None:
    found = {
        (finding.about, finding.name): finding
        for finding in check_bundle(Question(both.path, seconds=0.01))
    }
    assert found["bundle", "choice"].data["target"] in STEPS
    assert "onnx-fp32-step" in found["openvino-fp16-step", "parity"].value
    assert "onnx-fp32 " in found["openvino-fp16", "parity"].value
    of_windows = Question(both.path, seconds=0.01, form="window")
    (*_, choice) = check_bundle(of_windows)
    assert choice.data["target"] in WINDOWS


def test_bundles_of_the_same_form_are_not_joined(windows: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"windows.ocrgan has no graph of form 'step'"):
        both_forms(windows, windows, tmp_path / "out.ocrgan")
    assert not list(tmp_path.iterdir())


def test_bundles_that_see_other_frames_are_not_joined(
    windows: Path, step_bundle: Bundle, tmp_path: Path
) -> None:
    slower = step_bundle.manifest.input.model_copy(update={"frames_per_second": 5.0})
    members = {name: step_bundle.member(name) for name in step_bundle.manifest.members}
    manifest = step_bundle.manifest.model_copy(update={"input": slower})
    write_bundle(tmp_path / "slower.ocrgan", manifest, members)
    with pytest.raises(BundleError, match="8 frames of 32x32 at 10/s and 8 frames of 32x32 at 5/s"):
        both_forms(windows, tmp_path / "slower.ocrgan", tmp_path / "out.ocrgan")


def test_recordings_renew_windows_every_fourth_frame_and_steps_every_frame(
    both: Bundle, write_video: Callable[..., Path], tmp_path: Path
) -> None:
    train, out = tmp_path / "data" / "train", tmp_path / "new.ocrgan"
    train.mkdir(parents=True)
    video = write_video(12, 0, 12)
    for name in ("monday", "tuesday", "wednesday"):
        shutil.copy(video, train / f"{name}.avi")
    options = recordings_command.Options(
        bundle=both.path, data=train.parent, wish=Wish(), hop=None, threads=1, out=out
    )
    recordings_command.run(options, as_json=True)
    renewed = open_bundle(out)
    hops = {name: renewed.target(name).calibration.hop for name in renewed.manifest.targets}
    assert hops == dict.fromkeys(WINDOWS, 4) | dict.fromkeys(STEPS, 1)


@pytest.mark.parametrize(
    ("options", "scores", "threshold"),
    [((), 119, 0.2), (("--form", "window"), 30, 2.0)],
)
def test_the_daemon_scores_every_frame_or_every_fourth(
    both: Bundle,
    write_video: Callable[..., Path],
    tmp_path: Path,
    options: tuple[str, ...],
    scores: int,
    threshold: float,
) -> None:
    """Each form has the hop and the threshold that its own bundle was calibrated with."""
    file = tmp_path / "scores.jsonl"
    done = daemon(write_video(12, 3, 6), "--bundle", both.path, "--scores", file, *options)
    assert done.returncode == 0, done.stderr
    assert len(file.read_text().splitlines()) == scores
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    kinds = [event["type"] for event in told if event.get("type") in ("new", "end")]
    assert kinds == ["new", "end"]
    assert told[0]["after"]["threshold"] == threshold


def test_a_form_that_does_not_exist_is_a_clear_error(both: Bundle) -> None:
    done = daemon("0", "--bundle", both.path, "--form", "both", "--check-config")
    assert done.returncode == 2
    assert '--form: camera.camera.form is "both", but must be "auto", "window"' in done.stderr


def daemon(source: object, *options: object) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("ocrgan-edge"), "--camera", source, *options]
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=280
    )
