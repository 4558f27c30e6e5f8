"""`ocrgan-calibrate --camera`: the rendered scene as a camera, and who reads the file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.detection.calibration_file import read_profiles, write_profiles
from ocrgan_edge.detection.self_calibration import Calibrated
from ocrgan_edge.service.loaded_model import Budget, LoadedModel
from ocrgan_edge.service.settings.camera import CameraSettings
from ocrgan_edge.service.view import configured_view

pytestmark = pytest.mark.slow
SCENE = "scene:seed=3,size=96x64,seconds=40"
COMMAND = [sys.executable, "-m", "ocrgan_calibration"]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)


def test_a_camera_learns_its_night_and_the_daemon_goes_by_it(tiny: Path, tmp_path: Path) -> None:
    file, picture = tmp_path / "door.npz", tmp_path / "door.png"
    done = run(
        *("--bundle", tiny, "--camera", SCENE, "--minutes", 0.5, "--profile", "night"),
        *("--out", file, "--picture", picture, "--target", "onnx-fp32", "--json"),
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["threshold"] >= report["estimate"] > report["median"]
    assert report["hours_needed"] == pytest.approx(71.9, abs=0.1)
    assert "cannot be seen in" in report["warning"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    model = LoadedModel(open_bundle(tiny), "onnx-fp32", Budget(1, 1))
    settings = CameraSettings(source="0", bundle=tiny, calibration=file, night=("20:00-06:00",))
    learned = configured_view(settings, model).habits.learned
    assert learned["night"].threshold == report["threshold"]
    assert learned["always"].threshold == 2.0
    assert [*read_profiles(file, model.identity, model.statistics.mean.shape)] == ["night"]


def test_other_profiles_stay_and_a_file_of_another_model_is_not_overwritten(
    tiny: Path, tmp_path: Path
) -> None:
    file = tmp_path / "door.npz"
    model = LoadedModel(open_bundle(tiny), "onnx-fp32", Budget(1, 1))
    night = Calibrated(model.statistics, 4.0, 1.0, 10, 1.0, None)
    write_profiles(file, {"night": night}, model.identity)
    command = ("--bundle", tiny, "--camera", SCENE, "--minutes", 0.5, "--target", "onnx-fp32")
    done = run(*command, "--out", file)
    assert done.returncode == 0, done.stderr
    found = read_profiles(file, model.identity, model.statistics.mean.shape)
    assert {*found} == {"always", "night"}
    assert found["night"].threshold == 4.0
    write_profiles(file, {"night": night}, "another")
    before = file.read_bytes()
    done = run(*command, "--out", file)
    assert done.returncode == 6
    assert "was made for another model: calibrate again, into another file (--out)" in done.stderr
    assert file.read_bytes() == before


def test_a_recording_that_is_too_short_is_refused_and_nothing_is_written(
    tiny: Path, tmp_path: Path
) -> None:
    done = run(
        *("--bundle", tiny, "--camera", "scene:size=96x64,seconds=6", "--minutes", 1),
        *("--target", "onnx-fp32"),
    )
    assert done.returncode == 6
    assert "of the 1 minutes that calibration takes" in done.stderr
    assert [*tmp_path.iterdir()] == [tiny]


def test_ctrl_c_keeps_nothing_half_written(tiny: Path, tmp_path: Path) -> None:
    arguments = ("--bundle", tiny, "--camera", "scene:size=96x64", "--minutes", 600)
    command = [*COMMAND, *map(str, arguments), "--target", "onnx-fp32"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "learns what is normal" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=200)
    assert process.returncode == 130
    assert "Traceback" not in error
    assert [*tmp_path.iterdir()] == [tiny]


INTERRUPTED_WHILE_LOADING = """
import os, signal, sys
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "ocrgan_calibration.camera_command":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupts())
from ocrgan_calibration.__main__ import main
main()
"""


def test_ctrl_c_while_the_command_is_being_loaded_is_no_fault(tiny: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", INTERRUPTED_WHILE_LOADING]
    arguments = ("--bundle", str(tiny), "--camera", "scene:size=96x64")
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, check=False, timeout=200
    )
    assert (done.returncode, done.stderr) == (130, "")
    assert [*tmp_path.iterdir()] == [tiny]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--camera", "scene", "--minutes", "0"], 2, "--minutes is 0, but must be above 0"),
        (["--camera", "scene", "--data", "x"], 2, "either --data with recordings or --camera"),
        (["--camera", "/nowhere.mp4"], 3, "there is no source '/nowhere.mp4'"),
        (["--camera", "scene", "--out", "/nowhere/x.npz"], 6, "/nowhere is no folder to write in"),
    ],
)
def test_what_the_user_can_put_right_is_one_line_of_the_camera_command(
    tiny: Path, arguments: list[str], code: int, message: str
) -> None:
    done = run("--bundle", tiny, *arguments, "--target", "onnx-fp32")
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
