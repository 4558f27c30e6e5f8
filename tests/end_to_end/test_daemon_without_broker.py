"""The installed command by itself: exit codes, messages, scores."""

import json
import logging
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ocrgan_edge.__main__ import app
from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scoring import score_source
from ocrgan_edge.video.open_source import open_source

Start = Callable[..., subprocess.Popen[str]]
Video = Callable[..., Path]


def finish(daemon: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = daemon.communicate(timeout=30)
    return daemon.returncode, out, err


def test_without_a_broker_events_are_json_lines_on_stdout(
    start_daemon: Start, write_video: Video
) -> None:
    code, out, err = finish(start_daemon(write_video(12, 3, 6)))
    assert code == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["type"] for line in lines] == ["new", "update", "update", "end"]
    assert "anomaly since" in err


def test_a_recording_that_ends_in_an_event_ends_the_event(
    start_daemon: Start, write_video: Video
) -> None:
    code, out, _ = finish(start_daemon(write_video(6, 3, 6)))
    assert code == 0
    assert json.loads(out.splitlines()[-1])["after"]["end_reason"] == "source_ended"


@pytest.mark.parametrize("target", ["onnx-fp32", "openvino-fp16"])
def test_scores_are_those_of_the_offline_path_bit_for_bit(
    start_daemon: Start, write_video: Video, tiny_bundle: Path, tmp_path: Path, target: str
) -> None:
    video, file = write_video(6, 2, 4), tmp_path / "scores.jsonl"
    options = ["--target", target, "--hop", 3, "--threads", 1, "--scores", file]
    assert finish(start_daemon(video, *options))[0] == 0
    bundle = open_bundle(tiny_bundle)
    scorer = open_scorer(bundle, target, threads=1)
    source = open_source(str(video))
    offline = list(score_source(source, scorer, bundle.manifest.input, hop=3))
    source.close()
    daemon = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["end"], line["at"]) for line in daemon] == [(w.end, w.at) for w in offline]
    said = np.array([line["score"] for line in daemon], np.float32)
    meant = np.array([window.result.score for window in offline], np.float32)
    assert len(said) > 10
    assert said.tobytes() == meant.tobytes()


def test_a_camera_that_is_not_there_is_one_sentence(start_daemon: Start) -> None:
    code, out, err = finish(start_daemon(7))
    assert code == 3
    assert out == ""
    assert err.startswith("error: there is no camera 7")
    assert len(err.splitlines()) == 1


@pytest.fixture
def own_logging() -> Iterator[None]:
    """The command sets up logging for its process, which here is the tests'."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    logging.getLogger("ocrgan_edge").setLevel(logging.NOTSET)


@pytest.mark.usefixtures("own_logging")
@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--hop", "9"], 2, "error: hop is 9, but must be between 1 and the window's 8 frames"),
        (["--cool-down", "-1"], 2, "cool_down is -1.0, but must be a number of seconds"),
        (["--node", "a/b"], 2, 'error: --node: node is "a/b", but must be a name'),
        (["--target", "tpu"], 4, "has no target 'tpu'; it has onnx-fp32, openvino-fp16"),
        (["--bundle", "nowhere.ocrgan"], 4, "error: there is no bundle at nowhere.ocrgan"),
        (["--mqtt", "mqtt://me:s3cret@hub"], 2, "error: --mqtt: mqtt.url holds a password"),
        (["--scores", "/nowhere/s.jsonl"], 2, "error: scores file /nowhere/s.jsonl cannot be"),
    ],
)
def test_a_bad_setting_is_one_sentence_and_its_own_exit_code(
    write_video: Video, tiny_bundle: Path, options: list[str], code: int, message: str
) -> None:
    command = ["--camera", str(write_video(1, 0, 0)), "--bundle", str(tiny_bundle), *options]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == code
    assert message in result.stderr
    assert "s3cret" not in result.stderr
    *said, last = result.stderr.splitlines()
    assert last.startswith("error: ")
    assert all(" INFO " in line for line in said)


def test_help_has_examples_and_exit_codes(start_daemon: Start) -> None:
    code, out, _ = finish(start_daemon(0, "--help"))
    assert code == 0
    assert "ocrgan-edge --camera 0 --bundle door.ocrgan" in out
    assert "Exit codes: 0" in out


def test_logs_can_be_json(start_daemon: Start, write_video: Video) -> None:
    _, _, err = finish(start_daemon(write_video(2, 0, 0), "--json-logs"))
    assert all(json.loads(line)["level"] == "info" for line in err.splitlines())
