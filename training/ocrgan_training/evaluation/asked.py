"""From what a user asks `ocrgan-evaluate` for to tables, files and pictures."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ocrgan_edge.bundle import Bundle, open_bundle
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.graph import default_threads
from ocrgan_edge.runtime.open_scorer import default_target
from ocrgan_training.evaluation.archive.run import (
    Archive,
    archive_clips,
    archive_summary,
    is_labelled,
    labelled_evaluation,
    score_clips,
)
from ocrgan_training.evaluation.archive.summary import print_summary, write_summary
from ocrgan_training.evaluation.data_set import DataSet, count_frames, load_data_set
from ocrgan_training.evaluation.evaluate import TORCH, Evaluation, evaluate
from ocrgan_training.evaluation.goals import missed_goals
from ocrgan_training.evaluation.measure import Settings
from ocrgan_training.evaluation.protocol import causal
from ocrgan_training.evaluation.report import write_json
from ocrgan_training.evaluation.subjects import Subjects, of_bundle
from ocrgan_training.evaluation.tables import print_report

if TYPE_CHECKING:
    from ocrgan_training.evaluation.figures import Form
    from ocrgan_training.evaluation.torch_subject import LoadedRun

FILE_WIDTH = 150
"""Characters of a line where the output is no terminal."""


@dataclass(frozen=True)
class Asked:
    """What is evaluated, on what, where."""

    data: Path
    bundle: Path | None = None
    run: Path | None = None
    target: str = ""
    """One, `all`, or the fastest here."""
    frames_per_second: float | None = None
    """Of recordings that do not say."""
    cluster: str | None = None
    results: Path | None = None


@dataclass(frozen=True)
class Output:
    """Where figures and pictures go, beside the terminal."""

    json: Path | None = None
    plots: Path | None = None
    form: Form = "png"
    save_scores: bool = False


def evaluate_as_asked(asked: Asked, settings: Settings, output: Output) -> list[str]:
    """Evaluates, prints and writes; gives the goals that were missed.

    Raises:
        SettingsError: the options do not go together.
        OcrganError: what they name cannot be used.
    """
    console = _console()
    if asked.cluster is not None:
        return _on_cluster(asked, settings, output, console)
    data = load_data_set(asked.data, asked.frames_per_second)
    network = None if asked.run is None else _load_run(asked.run, settings.threads)
    subjects = _subjects(asked, network, data, settings)
    _check_hop(subjects.spec.frames, settings.hop)
    found = _with_bar(subjects, data, settings)
    missed = _give(found, data, output, console)
    if network is not None and output.plots is not None:
        _draw_inside(found, network, data, output)
    return missed


def _give(found: Evaluation, data: DataSet, output: Output, console: Console) -> list[str]:
    """Tables, files and pictures of an evaluation; gives its missed goals."""
    print_report(found.report, console)
    if output.json is not None:
        write_json(found.report, output.json)
        if output.save_scores:
            _write_scores(found, output.json.with_suffix(".npz"))
    if output.plots is not None:
        from ocrgan_training.evaluation.plots import write_plots  # takes a second to load

        clips = found.measured[0].clips
        labels = {name: data.labels_of(name, clip.frames) for name, clip in clips.items()}
        write_plots(output.plots, found.measured, labels, output.form)
    return missed_goals(found.report)


def _draw_inside(found: Evaluation, network: LoadedRun, data: DataSet, output: Output) -> None:
    from ocrgan_training.evaluation.network_plots import write_network_plots
    from ocrgan_training.evaluation.network_view import Inside

    assert output.plots is not None
    inside = Inside(network, found.statistics[TORCH], data)
    write_network_plots(output.plots, inside, found.of(TORCH), output.form)


def _console() -> Console:
    """As wide as the terminal; in a file, wide enough that no cell is broken."""
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console() if known else Console(width=FILE_WIDTH)


def _on_cluster(asked: Asked, settings: Settings, output: Output, console: Console) -> list[str]:
    """A labelled data set gives the usual report, any other folder the alarms of its clips."""
    archive = _archive(asked)
    _check_hop(archive.bundle.manifest.input.frames, settings.hop)
    if not is_labelled(asked.data):
        score_clips(archive, settings)
        summary = archive_summary(archive, settings)
        print_summary(summary, console)
        if output.json is not None:
            write_summary(summary, output.json)
        return []
    data = load_data_set(asked.data, asked.frames_per_second)
    archive = replace(archive, clips=dict(data.clips), frames_per_second=data.frames_per_second)
    score_clips(archive, settings)
    return _give(labelled_evaluation(archive, data, settings), data, output, console)


def _archive(asked: Asked) -> Archive:
    """A bundle's target on every clip in the folder."""
    if asked.bundle is None or asked.results is None:
        raise SettingsError("--cluster wants --bundle FILE and --results FILE")
    if asked.run is not None or asked.target == "all":
        raise SettingsError("--cluster scores one target of a bundle: neither --run nor all")
    bundle = open_bundle(asked.bundle)
    (target,) = _targets(bundle, asked.target)
    clips, rate = archive_clips(asked.data), asked.frames_per_second
    return Archive(bundle, target, clips, asked.results, asked.cluster or "local", rate)


def _load_run(run: Path, threads: int | None) -> LoadedRun:
    import torch  # takes a second to load, and only a checkpoint needs it

    from ocrgan_training.evaluation.torch_subject import load_run

    torch.set_num_threads(threads or default_threads())
    return load_run(run)


def _subjects(
    asked: Asked, network: LoadedRun | None, data: DataSet, settings: Settings
) -> Subjects:
    """What the options name."""
    if asked.bundle is None:
        if network is None:
            raise SettingsError("nothing to evaluate: give --bundle FILE, --run RUN, or both")
        from ocrgan_training.evaluation.torch_subject import of_run

        return of_run(network, data, settings)
    bundle = open_bundle(asked.bundle)
    targets = _targets(bundle, asked.target)
    if network is None:
        return of_bundle(bundle, targets, settings.threads)
    from ocrgan_training.evaluation.torch_subject import with_run

    return with_run(bundle, targets, network, settings)


def _targets(bundle: Bundle, target: str) -> list[str]:
    if target == "all":
        return sorted(bundle.manifest.targets)
    name = target or default_target(bundle)
    bundle.target(name)
    return [name]


def _check_hop(frames: int, hop: int) -> None:
    if not 1 <= hop <= frames:
        raise SettingsError(
            f"--hop is {hop}, but must be between 1 and the window's {frames} frames"
        )


def _with_bar(subjects: Subjects, data: DataSet, settings: Settings) -> Evaluation:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("frames"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as progress:
        total = count_frames(data.clips) * (1 + len(subjects.openers)) + count_frames(data.held_out)
        task = progress.add_task("evaluating", total=total)
        return evaluate(subjects, data, settings, lambda: progress.advance(task))


def _write_scores(found: Evaluation, path: Path) -> None:
    """Arrays `<row>/<clip>/end`, `…/at`, `…/score` and `…/causal` (one per frame)."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for measured in found.measured:
        for name, clip in measured.clips.items():
            place = f"{measured.row.name}/{name}"
            arrays[f"{place}/end"] = clip.end
            arrays[f"{place}/at"] = clip.at
            arrays[f"{place}/score"] = clip.score
            arrays[f"{place}/causal"] = causal(clip)
    np.savez_compressed(path, allow_pickle=False, **arrays)
