"""What a person, or a program, is told of what a command has made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from ocrgan_export.export_run import Outcome
from ocrgan_export.finetune_job import Trial
from ocrgan_export.gates import table_of
from ocrgan_export.quantize_table import layer_rows, layers_table, trials_table
from ocrgan_export.sensitivity import LayerError


def tell(
    outcome: Outcome,
    as_json: bool,
    layers: Sequence[LayerError] = (),
    trials: Sequence[Trial] = (),
) -> None:
    """Prints an outcome as tables and warnings, or as JSON.

    Args:
        outcome: of either command.
        as_json: JSON and nothing else.
        layers: errors of each layer, where they were measured.
        trials: of fine-tuning, where it was asked for.
    """
    if as_json:
        tried = {"finetuning": [asdict(trial) for trial in trials]} if trials else {}
        print(json.dumps(_fields(outcome, layers) | tried, indent=1))
        return
    console = Console()
    size = outcome.bundle.stat().st_size / 1e6
    state = "" if outcome.fresh else " is up to date (--force makes it again)"
    console.print(f"{outcome.bundle}: {size:.2f} MB{state}", highlight=False, soft_wrap=True)
    console.print(_targets_table(outcome))
    _tell_layers(console, outcome, layers)
    _tell_trials(console, trials)
    if outcome.checks:
        console.print(table_of(outcome.checks))
    for check in outcome.checks:
        if not check.passed:
            console.print(f"[yellow]warning:[/] {check}", highlight=False, soft_wrap=True)
    warnings = {target.calibration.warning for target in outcome.manifest.targets.values()}
    for warning in warnings - {None}:
        console.print(f"[yellow]note:[/] {warning}", highlight=False, soft_wrap=True)


def _tell_layers(console: Console, outcome: Outcome, layers: Sequence[LayerError]) -> None:
    if layers:
        console.print(layers_table(layers, outcome.manifest))


def _tell_trials(console: Console, trials: Sequence[Trial]) -> None:
    if trials:
        console.print(trials_table(trials))
    for trial in trials:
        console.print(str(trial), highlight=False, soft_wrap=True)


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
        fields["layers"] = layer_rows(layers, outcome.manifest)
    return fields
