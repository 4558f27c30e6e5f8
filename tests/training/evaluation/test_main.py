"""The command `ocrgan-evaluate`."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.command_line import run
from ocrgan_training.evaluation.__main__ import app


def evaluate(*arguments: object) -> int:
    """Runs the command in this process and gives its exit code."""
    try:
        return run(lambda: app([str(argument) for argument in arguments]))
    except SystemExit as end:
        return int(end.code or 0)


def test_the_command_prints_tables_and_writes_files(
    tiny: Path,
    data_set: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    report = tmp_path / "report.json"
    code = evaluate(
        *("--bundle", tiny, "--data", data_set, "--target", "onnx-fp32", "--hop", 4),
        *("--json", report, "--plots", tmp_path / "plots", "--save-scores", "--protocol", "paper"),
    )
    assert code == 0
    assert "│ frame differencing " in capsys.readouterr().out
    fields = json.loads(report.read_text())
    assert fields["hop"] == 4
    assert list(fields["rows"][0]["frames"]) == ["causal", "paper"]
    assert (tmp_path / "plots" / "roc.png").exists()
    with np.load(tmp_path / "report.npz") as scores:
        assert scores["onnx-fp32/crossing/end"].tolist() == list(range(3, 60, 4))
        assert scores["onnx-fp32/crossing/causal"].shape == (60,)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--hop", "9"], 2, "error: --hop is 9, but must be between 1 and the window's 8 frames"),
        (["--target", "onnx-int8"], 4, "has no target 'onnx-int8'"),
        (["--save-scores"], 2, "error: --save-scores writes beside --json FILE"),
        (["--data", "/nowhere"], 6, "error: there is no folder of clips at /nowhere"),
        (["--sigma", "-1"], 2, "error: --sigma is -1, but must not be negative"),
    ],
)
def test_what_the_user_can_put_right_is_one_line(
    tiny: Path,
    data_set: Path,
    arguments: list[str],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert evaluate("--bundle", tiny, "--data", data_set, *arguments) == code
    assert message in capsys.readouterr().err


def test_a_missed_goal_is_told_and_gives_exit_code_1(
    tiny: Path, data_set: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # with a window every 8 frames most of what happens is seen too late
    options = ("--target", "onnx-fp32", "--hop", 8, "--gate", "--protocol", "causal")
    code = evaluate("--bundle", tiny, "--data", data_set, *options)
    assert code == 1
    assert "missed: onnx-fp32: frame AUC is" in capsys.readouterr().out


@pytest.mark.slow
def test_the_installed_command_explains_itself_with_examples() -> None:
    command = Path(sys.executable).with_name("ocrgan-evaluate")
    done = subprocess.run([command, "--help"], capture_output=True, text=True, check=True)
    assert "ocrgan-evaluate --bundle ped2.ocrgan --data ped2" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "error: nothing to evaluate: give --bundle FILE, --run RUN, or both"),
        (["--run", "/nowhere"], 6, "error: /nowhere is no run folder"),
        (["--cluster", "local:1"], 2, "error: --cluster wants --bundle FILE and --results FILE"),
    ],
)
def test_what_to_evaluate_must_be_said(
    data_set: Path,
    arguments: list[str],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert evaluate("--data", data_set, *arguments) == code
    assert message in capsys.readouterr().err
