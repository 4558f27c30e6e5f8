"""One training of an ablation and what it is worth: trained, evaluated, kept as one file."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ocrgan_edge.command_line import INTERRUPTED
from ocrgan_edge.errors import DataError, OcrganError
from ocrgan_training.evaluation.ablation.grid import Grid, Row
from ocrgan_training.evaluation.data_set import DataSet
from ocrgan_training.evaluation.evaluate import TORCH
from ocrgan_training.evaluation.measure import Settings
from ocrgan_training.evaluation.measure_graph import measure_graph
from ocrgan_training.evaluation.torch_subject import load_run, of_run
from ocrgan_training.run_info import read_info

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Figures:
    """Of one network on one data set; None where it has no labels of both kinds."""

    auc: float | None
    """Causal, micro."""
    macro: float | None
    paper: float | None
    seed_score: float | None
    """Causal micro AUC of the published score."""
    pixel_auc: float | None
    events_found: int
    events: int
    false_alarms: int


@dataclass(frozen=True)
class Cell:
    """One training of one row."""

    row: str
    seed: int
    minutes: float
    """That it took."""
    steps: int
    figures: dict[str, Figures]
    """By data set: the one trained on first, then the others."""
    options: tuple[str, ...] | None = None
    """Of `ocrgan-train`; None in results older than this field."""


Say = Callable[[str], None]


@dataclass(frozen=True)
class Bench:
    """What every cell is trained and measured on."""

    out: Path
    grid: Grid
    data: Path
    sets: Mapping[str, DataSet]
    """By name, the training's own first."""
    threads: int
    say: Say

    def run_folder(self, row: Row, seed: int) -> Path:
        """Where a training lies."""
        return self.out / "runs" / f"{row.folder}-s{seed}"

    def result_file(self, row: Row, seed: int) -> Path:
        """Where what it is worth lies."""
        return self.out / "cells" / f"{row.folder}-s{seed}.json"


_CELLS = TypeAdapter(Cell)


def do_cell(bench: Bench, row: Row, seed: int) -> Cell:
    """Trains and measures what has not been yet.

    Raises:
        DataError: a clip or the result file cannot be used, or the result is of other settings.
        KeyboardInterrupt: the training was interrupted; it has saved, and the same call goes on.
    """
    file = bench.result_file(row, seed)
    before = _read(file) if file.exists() else None
    options = _options(bench, row)
    if before is not None and before.options not in (None, options):
        raise DataError(
            f"{file} was measured with {' '.join(before.options or ())}, the row now asks for "
            f"{' '.join(options)}: use another --out, or remove it and its training"
        )
    if before is not None and before.figures.keys() >= bench.sets.keys():
        return before
    run = bench.run_folder(row, seed)
    _train(bench, row, seed)
    info = read_info(run)
    if info is None:
        raise DataError(f"{run} has no training after ocrgan-train")
    known = {} if before is None else before.figures
    figures = {
        name: known[name] if name in known else _figures(run, data, bench)
        for name, data in bench.sets.items()
    }
    cell = Cell(row.name, seed, info.seconds / 60, info.step, figures, options)
    _write(file, cell)
    return cell


def _options(bench: Bench, row: Row) -> tuple[str, ...]:
    return (*row.network.options(), *bench.grid.budget, *bench.grid.train_options)


def _train(bench: Bench, row: Row, seed: int) -> None:
    """In a process of its own: a training's memory does not pile up, and Ctrl-C saves it.

    It ends with the process that asked: on a cluster another worker goes on with the same folder.
    """
    run = bench.run_folder(row, seed)
    bench.say(f"{row.name}, seed {seed}: training")
    command = [sys.executable, "-m", "ocrgan_training", "--data", str(bench.data)]
    command += ["--out", str(run), *_options(bench, row)]
    command += ["--seed", str(seed), "--threads", str(bench.threads), "--resume"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, preexec_fn=_end_with_parent
    ) as training:
        try:
            code = training.wait()
        except KeyboardInterrupt:
            training.wait()  # Ctrl-C has reached it as well: it is saving
            raise
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    if code:
        raise OcrganError(f"the training {run} ended with exit code {code}")


def _end_with_parent() -> None:
    """Called in the child before it becomes the training (prctl(2); elsewhere it does nothing)."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _figures(run: Path, data: DataSet, bench: Bench) -> Figures:
    bench.say(f"{run.name}: scoring {data.folder.name}")
    settings = Settings(hop=bench.grid.hop, threads=bench.threads)
    subject = of_run(load_run(run), data, settings).openers[TORCH]()
    found = measure_graph(TORCH, subject, data, settings, lambda: None)
    row, alarms = found.shipped.row, found.shipped.row.alarms
    return Figures(
        auc=row.frames["causal"].auc,
        macro=row.frames["causal"].macro_auc,
        paper=row.frames["paper"].auc,
        seed_score=found.seed.row.frames["causal"].auc,
        pixel_auc=row.pixel_auc,
        events_found=alarms.found if alarms else 0,
        events=alarms.events if alarms else 0,
        false_alarms=alarms.false_alarms if alarms else 0,
    )


def _read(file: Path) -> Cell:
    try:
        return _CELLS.validate_json(file.read_bytes())
    except ValidationError as error:
        raise DataError(f"{file} is no result of an ablation: remove it ({error})") from error


def _write(file: Path, cell: Cell) -> None:
    """Whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_bytes(_CELLS.dump_json(cell, indent=1))
    os.replace(partial, file)
