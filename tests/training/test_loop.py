"""The loop: exact resume, interruption, divergence, the files of a run."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from ocrgan_edge.errors import SettingsError
from ocrgan_training.checkpoint import CHECKPOINT
from ocrgan_training.data.loader import LoaderSettings
from ocrgan_training.learner import Rates
from ocrgan_training.loop import run_training
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.options import TrainOptions
from ocrgan_training.progress import BarReporter, Report, Reporter, make_reporter
from ocrgan_training.run_info import read_info
from ocrgan_training.schedule import Budget
from ocrgan_training.session import open_session
from ocrgan_training.step import DivergedError

FULL = NetworkConfig(frames=8, height=32, width=32, base_width=8, features=16)
TINY = replace(FULL, temporal="none")
WriteClips = Callable[..., Path]


@pytest.fixture
def options(tmp_path: Path, write_clips: WriteClips) -> TrainOptions:
    return TrainOptions(
        data=write_clips(tmp_path / "data", (20, 20, 20)),
        run=tmp_path / "run",
        config=TINY,
        budget=Budget(steps=4),
        loader=LoaderSettings(frames=8, batch=2, stacks=4),
        threads=1,
    )


def quiet() -> Reporter:
    return Reporter(Console(quiet=True))


def train(options: TrainOptions, stop: Callable[[], bool] = lambda: False) -> bool:
    session = open_session(options, quiet())
    assert session is not None
    return run_training(session, quiet(), stop)


def stop_after(calls: int) -> Callable[[], bool]:
    left = iter(range(calls))
    return lambda: next(left, None) is None


def members(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / CHECKPOINT)


@pytest.mark.slow
def test_eight_steps_are_three_and_five_more_bit_by_bit(options: TrainOptions) -> None:
    # Epochs of 4 steps: the break lies in the middle of one, and an epoch ends on either side.
    whole = replace(options, config=FULL, budget=Budget(epochs=2), run=options.run / "whole")
    assert train(whole)
    parts = replace(whole, run=options.run / "parts")
    assert not train(parts, stop_after(3))
    assert train(replace(parts, resume=True))
    one, two = members(whole.run), members(parts.run)
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)
    first, second = read_info(whole.run), read_info(parts.run)
    assert first is not None
    assert second is not None
    assert first.step == second.step == 8
    assert first.held_out_losses == second.held_out_losses


def test_a_finished_run_is_left_alone(options: TrainOptions) -> None:
    assert train(options)
    before = (options.run / CHECKPOINT).stat().st_mtime_ns
    assert open_session(options, quiet()) is None
    assert open_session(replace(options, resume=True), quiet()) is None
    assert (options.run / CHECKPOINT).stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_larger_budget_goes_on_where_a_finished_run_ended(options: TrainOptions) -> None:
    assert train(options)
    assert train(replace(options, budget=Budget(steps=5), resume=True))
    info = read_info(options.run)
    assert info is not None
    assert (info.step, info.windows_seen, info.stacks_seen) == (5, 10, 20)


def test_an_unfinished_run_is_not_overwritten_unasked(options: TrainOptions) -> None:
    assert not train(options, stop_after(1))
    with pytest.raises(SettingsError, match="after step 1: add --resume"):
        open_session(options, quiet())


def test_a_folder_of_another_training_is_refused_with_the_difference(
    options: TrainOptions,
) -> None:
    train(options, stop_after(1))
    other = replace(options, rates=Rates(generator=0.1), resume=True)
    with pytest.raises(SettingsError, match=r"rates\.generator 0\.0\d* instead of 0\.1"):
        open_session(other, quiet())


def test_resume_where_nothing_is_yet_just_starts(options: TrainOptions) -> None:
    assert train(replace(options, budget=Budget(steps=1), resume=True))


def test_an_interrupted_run_is_saved_and_says_so(options: TrainOptions) -> None:
    assert not train(options, stop_after(2))
    info = read_info(options.run)
    assert info is not None
    assert (info.finished, info.step) == (False, 2)
    assert (options.run / CHECKPOINT).exists()


def test_a_minute_budget_remembers_the_time_that_is_spent(options: TrainOptions) -> None:
    minutes = replace(options, budget=Budget(minutes=60.0))
    train(minutes, stop_after(1))
    first = read_info(options.run)
    train(replace(minutes, resume=True), stop_after(1))
    second = read_info(options.run)
    assert first is not None
    assert second is not None
    assert 0 < first.seconds < second.seconds < 60


def test_divergence_names_the_step_and_keeps_the_last_checkpoint(options: TrainOptions) -> None:
    train(options, stop_after(2))
    before = (options.run / CHECKPOINT).read_bytes()
    session = open_session(replace(options, resume=True), quiet())
    assert session is not None
    with torch.no_grad():
        next(session.learner.network.generator.parameters()).fill_(float("nan"))
    with pytest.raises(DivergedError, match="step 2"):
        run_training(session, quiet(), lambda: False)
    assert (options.run / CHECKPOINT).read_bytes() == before


def test_metrics_have_a_row_of_means_and_no_step_twice(options: TrainOptions) -> None:
    train(replace(options, budget=Budget(steps=3)))
    train(replace(options, budget=Budget(steps=5), resume=True))
    with (options.run / "metrics.csv").open() as opened:
        rows = list(csv.DictReader(opened))
    assert [row["step"] for row in rows] == ["3", "5"]
    assert float(rows[1]["generator/context"]) > 0
    assert 0 <= float(rows[1]["held_out/local_auc"]) <= 1
    assert float(rows[1]["rate"]) < float(rows[0]["rate"])


def test_a_run_folder_holds_three_files(options: TrainOptions) -> None:
    train(replace(options, budget=Budget(steps=1)))
    names = sorted(path.name for path in options.run.iterdir())
    assert names == ["checkpoint.safetensors", "metrics.csv", "run.json"]


def test_a_report_is_one_line_with_the_time_left() -> None:
    report = Report(0.25, 60.0, 12, 1.5, 2.0, {"generator/context": 0.0312})
    assert str(report) == (
        "step 12  epoch 1.5  2.00 windows/s  0% waiting for data  3.0 min left  con 0.0312"
    )
    assert Report(0.9, 90.0, 1, 0.0, 1.0).left == "10 s"
    assert Report(0.0, 0.0, 0, 0.0, 0.0).left == "?"


def test_a_log_gets_lines_now_and_then_and_a_terminal_a_bar(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = Report(0.25, 60.0, 12, 1.5, 2.0)
    with Reporter(Console(), interval=60.0) as lines:
        for _ in range(5):
            lines.show(report)
    assert capsys.readouterr().out.count("step 12") == 1
    assert isinstance(make_reporter(Console(force_terminal=True)), BarReporter)
    with make_reporter(Console(force_terminal=True)) as bar:
        bar.say("14 clips")
        bar.show(report)
    shown = capsys.readouterr().out
    assert "14 clips" in shown
    assert "25 %" in shown
