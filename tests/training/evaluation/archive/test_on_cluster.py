"""An archive on a real cluster of two processes, one of which is killed."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.command_line import run
from ocrgan_training.evaluation.__main__ import app
from ocrgan_training.evaluation.archive.result_file import ResultFile
from ocrgan_training.evaluation.archive.run import archive_clips
from ocrgan_training.evaluation.archive.work import Job, from_bytes, score

CLIPS = 16
FRAMES = 600


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """16 clips of 60 s in two folders, three different ones among them."""
    random = np.random.default_rng(0)
    for number in range(3):
        path = tmp_path / f"clip{number}.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 64))
        for frame in range(FRAMES):
            image = random.integers(90, 94, (64, 64, 3), dtype=np.uint8)
            left = (frame * (2 + number)) % 50
            image[20:40, left : left + 14] = 255
            writer.write(image)
        writer.release()
    for number in range(CLIPS):
        folder = tmp_path / "archive" / f"camera{number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / f"clip{number % 3}.avi", folder / f"{number:02}.avi")
    return tmp_path / "archive"


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ocrgan_training.evaluation", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The cluster's worker processes, which a nanny of the command has started."""
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def done(results: Path, job: Job, at_least: int, process: subprocess.Popen[str]) -> set[str]:
    """Waits until so many clips are in the file."""
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        if results.exists():
            with ResultFile(results, job) as file:
                names = file.names()
            if len(names) >= at_least:
                return names
        time.sleep(0.02)
    raise AssertionError(f"not {at_least} clips: {process.communicate()}")


@pytest.mark.slow
def test_killed_workers_and_a_killed_command_lose_and_double_nothing(
    tiny: Path, archive: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results.sqlite"
    job = Job(str(tiny), open_bundle(tiny).sha256, "onnx-fp32", hop=1)
    options = ("--bundle", tiny, "--target", "onnx-fp32", "--data", archive, "--hop", 1)
    options += ("--cluster", "local:2", "--results", results)

    first = start(*options)
    before = done(results, job, 2, first)
    workers(first)[0].send_signal(signal.SIGKILL)
    before = done(results, job, len(before) + 4, first)  # the other goes on, a new one helps
    family = psutil.Process(first.pid).children(recursive=True)
    first.kill()
    first.communicate()
    for orphan in family:  # nobody is left to tell them
        if orphan.is_running():
            orphan.kill()
    assert 0 < len(before) < CLIPS

    second = start(*options)
    out, err = second.communicate(timeout=120)
    assert second.returncode == 0, err
    assert f"{CLIPS} clips" in out

    clips = archive_clips(archive)
    with ResultFile(results, job) as file:
        found = {one.clip: one for one in file.results()}
    assert found.keys() == clips.keys()
    assert len(found) == CLIPS
    for number in range(3):  # the three different ones, scored here
        name = f"camera{number % 2}/{number:02}"
        assert scores_of(found[name].scores) == scores_of(score(job, name, str(clips[name])).scores)


def scores_of(packed: bytes) -> list[float]:
    return [float(value) for value in from_bytes(packed).windows.score]


@pytest.mark.slow
def test_a_labelled_data_set_on_a_cluster_gives_the_same_figures(
    tiny: Path, data_set: Path, tmp_path: Path
) -> None:
    options = ["--bundle", tiny, "--target", "onnx-fp32", "--data", data_set, "--threads", "1"]
    here, there = tmp_path / "here.json", tmp_path / "there.json"
    cluster = ["--cluster", "local:1", "--results", tmp_path / "results.sqlite"]
    process = start(*options, *cluster, "--json", there)
    assert run(lambda: app([*map(str, options), "--json", str(here)], standalone_mode=False)) == 0
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    figures = [_figures(path) for path in (here, there)]
    assert figures[0] == figures[1]


def _figures(path: Path) -> list[object]:
    rows = json.loads(path.read_text())["rows"]
    return [(row["name"], row["frames"], row["alarms"]) for row in rows]


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ("local:0", "wants 1 worker or more"),
        ("8 machines", "wanted local, local:WORKERS or tcp://HOST:8786"),
    ],
)
def test_what_is_no_cluster_is_one_line(
    tiny: Path, archive: Path, cluster: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--bundle", tiny, "--data", archive, "--cluster", cluster]
    arguments += ["--results", archive.parent / "results.sqlite"]
    assert run(lambda: app([*map(str, arguments)], standalone_mode=False)) == 2
    assert message in capsys.readouterr().err
