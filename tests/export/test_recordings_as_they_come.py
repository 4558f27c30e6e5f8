"""From recordings as users have them to a bundle, by the installed commands."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrgan_edge.bundle import open_bundle

BIN = Path(sys.executable).parent


def write_pictures(folder: Path, count: int) -> None:
    """A block that walks over a noisy ground."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for index in range(count):
        image = random.integers(60, 70, (32, 32, 3), dtype=np.uint8)
        left = index % 26
        image[10:20, left : left + 5] = 200
        cv2.imwrite(str(folder / f"{index:03}.tif"), image)


def one_alone(data: Path) -> Path:
    write_pictures(data / "train" / "yard", 120)
    return data


def published(data: Path) -> Path:
    for name in ("Train001", "Train002"):
        write_pictures(data / "UCSDped9" / "Train" / name, 48)
    (data / "UCSDped9" / "Test").mkdir()
    return data / "UCSDped9"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("write", "source"),
    [
        (one_alone, "recordings/train: yard-2 of 3 clips"),
        (published, "UCSDped9/Train: Train002 of 2 clips"),
    ],
)
def test_recordings_become_a_bundle_whose_threshold_is_from_what_was_held_out(
    tmp_path, write, source
):
    data, run = write(tmp_path / "recordings"), tmp_path / "run"
    tiny = ("--size", "32", "--width", "8", "--frames", "8", "--steps", "1", "--threads", "1")
    for command in (["ocrgan-train", "--data", data, "--out", run, *tiny], ["ocrgan-export", run]):
        words = [str(BIN / command[0]), *map(str, command[1:])]
        done = subprocess.run(words, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stderr
    bundle = open_bundle(run / "run.ocrgan")
    assert bundle.target("onnx-fp32").calibration.source == source
