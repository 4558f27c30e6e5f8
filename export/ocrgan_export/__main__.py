"""`ocrgan-export` and `ocrgan-quantize`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ocrgan_edge.command_line import run as run_command
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.no_telemetry import forbid_telemetry

if TYPE_CHECKING:
    from ocrgan_export.export_run import Step

EXPORT_EPILOG = """
Examples:

ocrgan-export runs/ped2-64-w16-t16-m12-s1

ocrgan-export runs/ped2 --data recordings --false-alarms-per-day 0.5 --name front-door

RUN is what ocrgan-train has written. RUN/graphs gets the float graphs, RUN/NAME.ocrgan is the
bundle for a device. What is there already and not older than the checkpoint is kept.
"""

QUANTIZE_EPILOG = """
Examples:

ocrgan-quantize runs/ped2

ocrgan-quantize runs/demo --only-targets onnx-int8,openvino-int8 --out demo.ocrgan

ocrgan-quantize runs/ped2 --force --sensitivity --json

ocrgan-quantize runs/ped2 --finetune 200

Call ocrgan-export first. Where INT8 does not rank and alarm as FP32 does, the layers that disturb
most stay in float; with --finetune the weights learn to be rounded first. The INT8 graphs go to
RUN/graphs and into the run's bundle.
"""

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="What ocrgan-train has written.")]
DataOption = Annotated[
    Path | None, typer.Option(help="Folder with train/<clip>, if not that of the training.")
]
NameOption = Annotated[str | None, typer.Option(help="The bundle's name, if not that of RUN.")]
ThreadsOption = Annotated[int | None, typer.Option(help="Processors for one window.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Make everything again.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, not tables.")]

export_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
quantize_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@export_app.command(epilog=EXPORT_EPILOG)
def export(
    run: RunArgument,
    data: DataOption = None,
    false_alarms_per_day: Annotated[
        float, typer.Option(help="How many alarms a day normal life may raise.")
    ] = 1.0,
    hop: Annotated[
        int | None,
        typer.Option(help="New frames between two scores [4 for windows, 1 for steps]."),
    ] = None,
    name: NameOption = None,
    threads: ThreadsOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Turns a trained network into float graphs and a bundle with statistics and thresholds."""
    from ocrgan_edge.detection.threshold import Wish
    from ocrgan_export.export_run import ExportOptions, export_run
    from ocrgan_export.tell import tell

    if not false_alarms_per_day > 0:
        raise SettingsError(f"--false-alarms-per-day is {false_alarms_per_day:g}, wanted above 0")
    if hop is not None and hop < 1:
        raise SettingsError(f"--hop is {hop}, wanted 1 or more frames")
    options = ExportOptions(run, data, name, hop, Wish(false_alarms_per_day), threads, force)
    with _progress() as progress:
        outcome = export_run(options, _steps(progress))
    tell(outcome, as_json)


@quantize_app.command(epilog=QUANTIZE_EPILOG)
def quantize(
    run: RunArgument,
    targets: Annotated[str, typer.Option(help="Which, with commas.")] = "onnx-int8,openvino-int8",
    windows: Annotated[int, typer.Option(help="Normal windows that ranges are read from.")] = 300,
    data: DataOption = None,
    name: NameOption = None,
    only_targets: Annotated[
        str, typer.Option(help="Also write a small bundle with these targets alone.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Where the small bundle goes.")] = None,
    mixed: Annotated[
        bool, typer.Option(help="Keep layers in float until INT8 ranks as FP32 does.")
    ] = True,
    finetune: Annotated[
        int,
        typer.Option(
            metavar="STEPS",
            help="Where a goal is missed, first fine-tune weights for INT8, a window a step.",
        ),
    ] = 0,
    finetune_anyway: Annotated[
        bool, typer.Option("--finetune-anyway", help="Fine-tune even where no goal is missed.")
    ] = False,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Tell each layer's error in any case.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="A missed goal is an error.")] = False,
    threads: ThreadsOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Adds INT8 graphs to a run's bundle, compared with FP32 and with their thresholds."""
    from ocrgan_export.quantize_run import QuantizeOptions, quantize_run
    from ocrgan_export.quantize_target import Wanted
    from ocrgan_export.tell import tell

    options = QuantizeOptions(
        run=run,
        data=data,
        name=name,
        targets=_names(targets),
        windows=windows,
        only_targets=_names(only_targets),
        out=out,
        threads=threads,
        wanted=Wanted(mixed, finetune, finetune_anyway, force),
        sensitivity=sensitivity,
        strict=strict,
    )
    with _progress() as progress:
        outcome = quantize_run(options, _steps(progress))
    tell(outcome, as_json, outcome.layers, outcome.trials)


def export_main() -> None:
    """Runs `ocrgan-export`."""
    forbid_telemetry()
    sys.exit(run_command(export_app))


def quantize_main() -> None:
    """Runs `ocrgan-quantize`."""
    forbid_telemetry()
    sys.exit(run_command(quantize_app))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
    )


def _steps(progress: Progress) -> Step:
    def step(what: str, parts: int) -> Callable[[], None]:
        task = progress.add_task(what, total=parts)
        return lambda: progress.advance(task)

    return step


if __name__ == "__main__":
    export_main()
