"""`ocrgan-evaluate`: how well a bundle or a network detects, measured on labelled clips."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ocrgan_edge.command_line import run
from ocrgan_edge.detection.alarm import COOL_DOWN, MINIMUM_DURATION
from ocrgan_edge.errors import SettingsError
from ocrgan_training.evaluation.asked import Asked, Output, evaluate_as_asked
from ocrgan_training.evaluation.measure import Settings
from ocrgan_training.evaluation.protocol import PROTOCOLS, SIGMA, Protocol

EPILOG = """\b
Examples:
  ocrgan-evaluate --bundle ped2.ocrgan --data ped2
  ocrgan-evaluate --bundle ped2.ocrgan --data ped2 --target all --hop 4 --json f.json --gate
  ocrgan-evaluate --run runs/ped2 --data ped2 --hop 4 --plots pictures --plot-format pdf
  ocrgan-evaluate --run runs/ped2 --bundle ped2.ocrgan --target all --data ped2
  ocrgan-evaluate --bundle ped2.ocrgan --data archive --cluster local:8 --results archive.sqlite

DATA holds test/<clip> (video files or folders of frames), labels.json and, if there are any,
masks.npz; normal clips in train/ give the baselines their thresholds. Scores are those that the
daemon would publish. Nothing is chosen on test clips.

--run scores a training's network through torch and adds pictures of what it does inside. Beside a
bundle it has the bundle's constants, so that what differs is the runtime alone; without one they
are measured on the normal clips in train/.

--cluster lets many workers score, here (local:WORKERS) or elsewhere (tcp://HOST:8786, the address
of a Dask scheduler; bundle and clips lie at the same paths there). What is done is in --results,
and the same command again goes on. Without labels DATA is any folder of clips, and its alarms are
told.
"""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


class PlotFormat(StrEnum):
    """Of pictures; the last two are made of lines and text."""

    PNG = "png"
    PDF = "pdf"
    SVG = "svg"


class ProtocolOption(StrEnum):
    """A protocol, or all of them."""

    CAUSAL = "causal"
    PAPER = "paper"
    PAPER_MINMAX = "paper-minmax"
    ALL = "all"


@app.command(epilog=EPILOG)
def command(
    data: Annotated[Path, typer.Option(help="Folder with test/<clip> and labels.json.")],
    bundle: Annotated[Path | None, typer.Option(help="What to evaluate.")] = None,
    training: Annotated[
        Path | None,
        typer.Option("--run", help="Also, or instead: a run folder's network, through torch."),
    ] = None,
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
    ] = MINIMUM_DURATION,
    cool_down: Annotated[
        float, typer.Option(help="Seconds below the release that an alarm's end takes.")
    ] = COOL_DOWN,
    threads: Annotated[int | None, typer.Option(help="Processors for one window.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write all figures here.")] = None,
    plots: Annotated[Path | None, typer.Option(help="Draw score curves, ROC and PR here.")] = None,
    plot_format: Annotated[PlotFormat, typer.Option(help="Of the pictures.")] = PlotFormat.PNG,
    save_scores: Annotated[
        bool, typer.Option("--save-scores", help="Keep every window's score beside --json (.npz).")
    ] = False,
    fps: Annotated[
        float | None,
        typer.Option(help="Frames per second of clips that do not say [folders: 10]."),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Score on local:WORKERS or tcp://HOST:PORT.")
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="With --cluster: file that keeps what is done.")
    ] = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="Exit with 1 where a goal is missed.")
    ] = False,
) -> None:
    """Measures detection, alarms and speed of a bundle or network, and of two baselines."""
    if save_scores and json is None:
        raise SettingsError("--save-scores writes beside --json FILE, which is not given")
    settings = Settings(
        hop=hop,
        protocols=PROTOCOLS if protocol is ProtocolOption.ALL else _with_causal(protocol),
        sigma=_positive("--sigma", sigma),
        minimum_duration=_positive("--minimum-duration", minimum_duration),
        cool_down=_positive("--cool-down", cool_down),
        threads=threads,
    )
    output = Output(json, plots, plot_format.value, save_scores)
    asked = Asked(data, bundle, training, target, fps, cluster, results)
    missed = evaluate_as_asked(asked, settings, output)
    if gate and missed:
        for text in missed:
            typer.echo(f"missed: {text}")
        raise typer.Exit(1)


def main() -> None:
    """Runs the command."""
    sys.exit(run(app))


def _with_causal(protocol: str) -> tuple[Protocol, ...]:
    """The asked-for protocol, and the headline in any case."""
    return tuple(name for name in PROTOCOLS if name in ("causal", protocol))


def _positive(option: str, value: float) -> float:
    if not value >= 0:
        raise SettingsError(f"{option} is {value:g}, but must not be negative")
    return value


if __name__ == "__main__":
    main()
