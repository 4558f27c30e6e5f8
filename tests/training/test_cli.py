"""`ocrgan-train` as a person uses it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from ocrgan_edge.errors import SettingsError
from ocrgan_training.__main__ import main
from ocrgan_training.asked_network import asked_network
from ocrgan_training.fitting_size import fitting_size, recorded_size
from ocrgan_training.network.presets import PRESETS
from ocrgan_training.options import parse_size

pytestmark = pytest.mark.slow

WriteClips = Callable[..., Path]
TINY = ("--size", "32", "--width", "8", "--frames", "8", "--stacks", "4", "--threads", "1")


class Done(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command in this process: importing torch again would take longer than the training."""

    def command(*options: str | Path) -> Done:
        monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
        monkeypatch.setattr(sys, "argv", ["ocrgan-train", *map(str, options)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, *capsys.readouterr())

    return command


@pytest.mark.parametrize(
    ("text", "size"), [("64", (64, 64)), ("96x160", (96, 160)), (" 128X96 ", (128, 96))]
)
def test_a_size_is_height_by_width(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "64x", "axb", "64x64x3", "-64"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="HEIGHTxWIDTH"):
        parse_size(text)


def test_help_shows_examples(run: Run) -> None:
    done = run("--help")
    assert done.code == 0
    assert "ocrgan-train --data recordings" in done.out


def test_a_training_then_the_same_again_then_with_another_seed(
    tmp_path: Path, write_clips: WriteClips, run: Run
) -> None:
    data, out = write_clips(tmp_path / "data", (16, 16, 16)), tmp_path / "out"
    options = ("--data", data, "--out", out, *TINY, "--steps", "1")
    done = run(*options)
    assert (done.code, done.err) == (0, "")
    assert "1 held out: walk1" in done.out
    info = json.loads((out / "run.json").read_text())
    assert (info["finished"], info["step"], info["held_out"]) == (True, 1, ["walk1"])
    again = run(*options)
    assert again.code == 0
    assert "finished already: 1 steps" in again.out
    other = run(*options, "--seed", "2", "--resume")
    assert other.code == 2
    assert other.err.startswith("error: ")
    assert "seed 1 instead of 2" in other.err


def test_a_preset_gives_what_the_options_do_not(
    tmp_path: Path, write_clips: WriteClips, run: Run
) -> None:
    data, out = write_clips(tmp_path / "data", (16, 16)), tmp_path / "out"
    run("--data", data, "--out", out, "--preset", "recipe", *TINY, "--steps", "1")
    config = json.loads((out / "run.json").read_text())["config"]
    assert (config["height"], config["base_width"], config["features"]) == (32, 8, 100)


def test_pseudo_anomalies_are_as_much_larger_as_what_moves_in_the_recordings(
    tmp_path: Path, write_clips: WriteClips, run: Run
) -> None:
    data, out = write_clips(tmp_path / "data", (110, 110), size=80), tmp_path / "out"
    done = run("--data", data, "--out", out, *TINY, "--steps", "1")
    assert "what moves is 15% of a frame's height" in done.out  # 10 of 80 rows, and soft edges
    pseudo = json.loads((out / "run.json").read_text())["settings"]["loader"]["pseudo"]
    assert pseudo["size"] == pytest.approx([1.1 * 0.06, 1.1 * 0.35])  # 0.15 / 0.133


def test_without_preset_and_size_the_network_is_small_in_the_recordings_shape(
    tmp_path: Path, write_clips: WriteClips
) -> None:
    data = write_clips(tmp_path / "data", (16, 16))
    height, width = recorded_size(data)
    fitted = asked_network(data, None, None, {"frames": 8})
    assert (fitted.height, fitted.width, fitted.reduction) == fitting_size(height, width)
    assert (fitted.base_width, fitted.frames, fitted.hidden_frames) == (16, 8, 4)


def test_a_preset_can_take_the_recordings_shape(tmp_path: Path, write_clips: WriteClips) -> None:
    data = write_clips(tmp_path / "data", (16, 16))
    fitted = asked_network(data, "nano", "auto", {})
    assert (fitted.height, fitted.width, fitted.reduction) == fitting_size(*recorded_size(data))
    assert fitted.base_width == PRESETS["nano"].base_width


def test_every_frame_is_scored_by_itself_unless_windows_are_asked_for(tmp_path: Path) -> None:
    plain = asked_network(tmp_path, "nano", None, {})
    assert (plain.temporal, plain.causal, plain.patches) == ("full", True, "slim")
    windows = asked_network(tmp_path, "nano", None, {"temporal": "full"})
    assert windows == PRESETS["nano"]
    whole = asked_network(tmp_path, "nano", None, {"patches": "stack"})
    assert (whole.causal, whole.patches) == (True, "stack")


def test_the_published_recipe_sees_windows_unless_steps_are_asked_for(tmp_path: Path) -> None:
    assert asked_network(tmp_path, "recipe", None, {}) == PRESETS["recipe"]
    steps = asked_network(tmp_path, "recipe", None, {"temporal": "causal"})
    assert (steps.causal, steps.patches) == (True, "slim")


def test_a_size_alone_takes_the_other_defaults(tmp_path: Path) -> None:
    asked = asked_network(tmp_path, None, "64x96", {"frames": 8})
    assert (asked.height, asked.width, asked.frames, asked.causal) == (64, 96, 8, True)


def test_missing_recordings_are_one_line_and_exit_code_6(tmp_path: Path, run: Run) -> None:
    done = run("--data", tmp_path, "--out", tmp_path / "out", *TINY)
    assert done.code == 6
    assert done.err.count("\n") == 1
    assert done.err.startswith("error: there is no folder of clips")


def test_two_budgets_are_refused(tmp_path: Path, run: Run) -> None:
    done = run("--data", tmp_path, "--out", tmp_path, "--minutes", "1", "--epochs", "2")
    assert done.code == 2
    assert "--minutes and --epochs" in done.err


@pytest.mark.slow
def test_ctrl_c_saves_and_exits_with_130(tmp_path: Path, write_clips: WriteClips) -> None:
    data, out = write_clips(tmp_path / "data", (16, 16)), tmp_path / "out"
    options = ("--data", data, "--out", out, *TINY, "--minutes", "10")
    with subprocess.Popen(
        [sys.executable, "-m", "ocrgan_training", *map(str, options)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as training:
        assert training.stdout is not None
        while "step 1 " not in training.stdout.readline():
            assert training.poll() is None
        time.sleep(0.2)
        training.send_signal(signal.SIGINT)
        rest = training.stdout.read()
        assert training.wait(60) == 130
    assert "saved, --resume goes on" in rest
    info = json.loads((out / "run.json").read_text())
    assert info["step"] >= 1
    assert not info["finished"]
