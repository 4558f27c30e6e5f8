"""`ocrgan-evaluate`: how well a bundle detects, measured on labelled clips."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ocrgan_edge.bundle import Bundle, open_bundle
from ocrgan_edge.command_line import run
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.open_scorer import default_target
from ocrgan_training.evaluation.data_set import DataSet, count_frames, load_data_set
from ocrgan_training.evaluation.evaluate import Evaluation, evaluate
from ocrgan_training.evaluation.goals import missed_goals
from ocrgan_training.evaluation.measure import Settings
from ocrgan_training.evaluation.protocol import PROTOCOLS, SIGMA, Protocol, causal
from ocrgan_training.evaluation.report import write_json
from ocrgan_training.evaluation.tables import print_report

EPILOG = """\b
Examples:
  ocrgan-evaluate --bundle ped2.ocrgan --data ped2
  ocrgan-evaluate --bundle ped2.ocrgan --data ped2 --target all --hop 4 --json f.json --gate

DATA holds test/<clip> (video files or folders of frames), labels.json and, if there are any,
masks.npz; normal clips in train/ give the baselines their thresholds. Scores are those that the
daemon would publish. Nothing is chosen on test clips.
"""

FILE_WIDTH = 150
"""Characters of a line where the output is no terminal."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


class ProtocolOption(StrEnum):
    """A protocol, or all of them."""

    CAUSAL = "causal"
    PAPER = "paper"
    PAPER_MINMAX = "paper-minmax"
    ALL = "all"


@app.command(epilog=EPILOG)
def command(
    bundle: Annotated[Path, typer.Option(help="What to evaluate.")],
    data: Annotated[Path, typer.Option(help="Folder with test/<clip> and labels.json.")],
    target: Annotated[
        str, typer.Option(help="One of the bundle's targets, or all; by default the fastest here.")
    ] = "",
    hop: Annotated[int, typer.Option(help="New frames between two windows.")] = 1,
    protocol: Annotated[
        ProtocolOption, typer.Option(help="Which rule gives window scores to frames.")
    ] = ProtocolOption.ALL,
    sigma: Annotated[
        float, typer.Option(help="Frames of Gaussian smoothing in the papers' protocols.")
    ] = SIGMA,
    minimum_duration: Annotated[
        float, typer.Option(help="Seconds above the threshold that an alarm takes.")
    ] = 0.8,
    cool_down: Annotated[
        float, typer.Option(help="Seconds below the release that an alarm's end takes.")
    ] = 2.0,
    threads: Annotated[int | None, typer.Option(help="Processors for one window.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write all figures here.")] = None,
    plots: Annotated[Path | None, typer.Option(help="Draw score curves, ROC and PR here.")] = None,
    save_scores: Annotated[
        bool, typer.Option("--save-scores", help="Keep every window's score beside --json (.npz).")
    ] = False,
    gate: Annotated[
        bool, typer.Option("--gate", help="Exit with 1 where a goal is missed.")
    ] = False,
) -> None:
    """Measures detection, alarms and speed of a bundle, and of two baselines beside it."""
    if save_scores and json is None:
        raise SettingsError("--save-scores writes beside --json FILE, which is not given")
    opened = open_bundle(bundle)
    settings = Settings(
        hop=_hop(opened, hop),
        protocols=PROTOCOLS if protocol is ProtocolOption.ALL else _with_causal(protocol),
        sigma=_positive("--sigma", sigma),
        minimum_duration=_positive("--minimum-duration", minimum_duration),
        cool_down=_positive("--cool-down", cool_down),
        threads=threads,
    )
    recordings = load_data_set(data)
    found = _evaluate(opened, _targets(opened, target), recordings, settings)
    console = _console()
    print_report(found.report, console)
    if json is not None:
        write_json(found.report, json)
        if save_scores:
            _write_scores(found, json.with_suffix(".npz"))
    if plots is not None:
        _draw(found, recordings, plots)
    missed = missed_goals(found.report) if gate else []
    for text in missed:
        console.print(f"[red]missed:[/red] {text}", highlight=False, soft_wrap=True)
    if missed:
        raise typer.Exit(1)


def main() -> None:
    """Runs the command."""
    sys.exit(run(app))


def _console() -> Console:
    """As wide as the terminal; in a file, wide enough that no cell is broken."""
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console() if known else Console(width=FILE_WIDTH)


def _targets(bundle: Bundle, target: str) -> list[str]:
    if target == "all":
        return sorted(bundle.manifest.targets)
    name = target or default_target(bundle)
    bundle.target(name)
    return [name]


def _with_causal(protocol: str) -> tuple[Protocol, ...]:
    """The asked-for protocol, and the headline in any case."""
    return tuple(name for name in PROTOCOLS if name in ("causal", protocol))


def _hop(bundle: Bundle, hop: int) -> int:
    frames = bundle.manifest.input.frames
    if not 1 <= hop <= frames:
        raise SettingsError(
            f"--hop is {hop}, but must be between 1 and the window's {frames} frames"
        )
    return hop


def _positive(option: str, value: float) -> float:
    if not value >= 0:
        raise SettingsError(f"{option} is {value:g}, but must not be negative")
    return value


def _evaluate(bundle: Bundle, targets: list[str], data: DataSet, settings: Settings) -> Evaluation:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("frames"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as progress:
        total = count_frames(data.clips) * (1 + len(targets)) + count_frames(data.held_out)
        task = progress.add_task("evaluating", total=total)
        return evaluate(bundle, targets, data, settings, lambda: progress.advance(task))


def _draw(found: Evaluation, data: DataSet, folder: Path) -> None:
    from ocrgan_training.evaluation.plots import write_plots  # matplotlib takes a second to load

    clips = found.measured[0].clips
    labels = {name: data.labels_of(name, clip.frames) for name, clip in clips.items()}
    write_plots(folder, found.measured, labels)


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


if __name__ == "__main__":
    main()
