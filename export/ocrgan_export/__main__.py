"""`ocrgan-export` and `ocrgan-quantize`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ocrgan_edge.command_line import run as run_command
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.no_telemetry import forbid_telemetry

if TYPE_CHECKING:
    from ocrgan_export.export_run import Outcome, Step
    from ocrgan_export.sensitivity import LayerError

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

Call ocrgan-export first. Where INT8 does not rank and alarm as FP32 does, the layers that disturb
most stay in float. The INT8 graphs go to RUN/graphs and into the run's bundle.
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

    if not false_alarms_per_day > 0:
        raise SettingsError(f"--false-alarms-per-day is {false_alarms_per_day:g}, wanted above 0")
    if hop is not None and hop < 1:
        raise SettingsError(f"--hop is {hop}, wanted 1 or more frames")
    options = ExportOptions(run, data, name, hop, Wish(false_alarms_per_day), threads, force)
    with _progress() as progress:
        outcome = export_run(options, _steps(progress))
    _tell(outcome, as_json)


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

    options = QuantizeOptions(
        run=run,
        data=data,
        name=name,
        targets=_names(targets),
        windows=windows,
        only_targets=_names(only_targets),
        out=out,
        threads=threads,
        mixed=mixed,
        sensitivity=sensitivity,
        strict=strict,
        force=force,
    )
    with _progress() as progress:
        outcome = quantize_run(options, _steps(progress))
    _tell(outcome, as_json, outcome.layers)


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
        console=Console(file=sys.stderr),
    )


def _steps(progress: Progress) -> Step:
    def step(what: str, parts: int) -> Callable[[], None]:
        task = progress.add_task(what, total=parts)
        return lambda: progress.advance(task)

    return step


def _tell(outcome: Outcome, as_json: bool, layers: Sequence[LayerError] = ()) -> None:
    if as_json:
        print(json.dumps(_fields(outcome, layers), indent=1))
        return
    console = Console()
    size = outcome.bundle.stat().st_size / 1e6
    state = "" if outcome.fresh else " is up to date (--force makes it again)"
    console.print(f"{outcome.bundle}: {size:.2f} MB{state}", highlight=False, soft_wrap=True)
    console.print(_targets_table(outcome))
    if layers:
        from ocrgan_export.quantize_table import layers_table

        console.print(layers_table(layers, outcome.manifest))
    if outcome.checks:
        from ocrgan_export.gates import table_of

        console.print(table_of(outcome.checks))
    for check in outcome.checks:
        if not check.passed:
            console.print(f"[yellow]warning:[/] {check}", highlight=False, soft_wrap=True)
    warnings = {target.calibration.warning for target in outcome.manifest.targets.values()}
    for warning in warnings - {None}:
        console.print(f"[yellow]note:[/] {warning}", highlight=False, soft_wrap=True)


def _targets_table(outcome: Outcome) -> Table:
    table = Table("target", title="targets")
    for column in ("threshold", "normal median", "INT8 of MACs", "rank correlation"):
        table.add_column(column, justify="right")
    for name, target in outcome.manifest.targets.items():
        share = target.int8_share_of_macs
        spearman = target.parity.get("spearman_windows")
        table.add_row(
            name,
            f"{target.calibration.threshold:.3f}",
            f"{target.calibration.median:.3f}",
            "" if share is None else f"{share:.1%}",
            "" if spearman is None else f"{spearman:.4f}",
        )
    return table


def _fields(outcome: Outcome, layers: Sequence[LayerError]) -> dict[str, object]:
    fields: dict[str, object] = {
        "bundle": str(outcome.bundle),
        "bytes": outcome.bundle.stat().st_size,
        "fresh": outcome.fresh,
        "targets": outcome.manifest.model_dump()["targets"],
        "checks": [{**asdict(check), "passed": check.passed} for check in outcome.checks],
    }
    if layers:
        from ocrgan_export.quantize_table import layer_rows

        fields["layers"] = layer_rows(layers, outcome.manifest)
    return fields


if __name__ == "__main__":
    export_main()
