"""A device has neither torch nor an exporter: the real daemon runs where none can be imported."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

BLOCKED = ("torch", "onnx", "nncf", "onnxscript", "sklearn", "matplotlib", "openvino")
RUN = """
import sys
from importlib.abc import MetaPathFinder

class Blocker(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ImportError(f"{{name}} is not installed on a device")

sys.meta_path.insert(0, Blocker())
from ocrgan_edge.__main__ import main
main()
"""


def run_on_a_device(*options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN.format(blocked=BLOCKED), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_daemon_runs_where_no_maker_s_library_can_be_imported(
    tiny_bundle: Path, write_video: Callable[..., Path]
) -> None:
    video = write_video(12, 3, 6)
    device = run_on_a_device("--camera", video, "--bundle", tiny_bundle)
    assert device.returncode == 0, device.stderr
    assert "(onnx-fp32)" in device.stderr
    assert json.loads(device.stdout.splitlines()[-1])["type"] == "end"


def test_a_target_whose_runtime_is_missing_is_refused_with_what_to_install(
    tiny_bundle: Path, write_video: Callable[..., Path]
) -> None:
    options = ["--camera", write_video(1, 0, 0), "--bundle", tiny_bundle]
    device = run_on_a_device(*options, "--target", "openvino-fp16")
    assert device.returncode == 2
    assert "pip install 'ocrgan-edge[openvino]'" in device.stderr
    assert len(device.stderr.splitlines()) == 1


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_what_needs_no_camera_loads_no_library(option: str) -> None:
    listing = f"import sys; sys.argv[1:] = ['{option}']\n" + (
        "from ocrgan_edge.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True)
    heavy = {"cv2", "numpy", "onnxruntime", "openvino", "paho", "pydantic", "torch", "rich"}
    assert not heavy & set(done.stdout.splitlines()[-1].split())
