"""Each layer's error and where it stays in float, and what fine-tuning did: to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from ocrgan_edge.bundle import Manifest
from ocrgan_export.finetune_job import Trial
from ocrgan_export.sensitivity import LayerError

SHOWN = 15
"""Layers in the table, besides those that are kept in float; the rest is one line."""


def layer_rows(errors: Sequence[LayerError], manifest: Manifest) -> list[dict[str, object]]:
    """All layers for a program to read, the worst first."""
    return [
        {
            "layer": error.layer,
            "share_of_macs": error.macs,
            "error": error.error,
            "kept_in_float": kept_in(error.layer, manifest),
        }
        for error in errors
    ]


def layers_table(errors: Sequence[LayerError], manifest: Manifest) -> Table:
    """The layers that disturb most, and all that are kept in float."""
    table = Table("layer", title="what each layer's INT8 does to the anomaly map")
    for column in ("MACs", "error", "in float"):
        table.add_column(column, justify="right")
    rest: list[LayerError] = []
    for place, error in enumerate(errors):
        kept = kept_in(error.layer, manifest)
        if place >= SHOWN and not kept:
            rest.append(error)
            continue
        table.add_row(error.layer, f"{error.macs:.2%}", f"{error.error:.4f}", ", ".join(kept))
    if rest:
        share = sum(error.macs for error in rest)
        table.add_row(f"{len(rest)} others", f"{share:.2%}", f"≤ {rest[0].error:.4f}", "")
    return table


def kept_in(layer: str, manifest: Manifest) -> list[str]:
    """Targets in which a layer stays in float."""
    return [name for name, target in manifest.targets.items() if layer in target.kept_in_float]


def trials_table(trials: Sequence[Trial]) -> Table:
    """Agreement with FP32 with all layers in INT8, before and after fine-tuning."""
    table = Table("target", "weights", title="fine-tuning, all layers in INT8")
    for column in ("rank correlation", "alarms", "AUC difference", ""):
        table.add_column(column, justify="right")
    for trial in trials:
        table.add_row(trial.target, "as trained", *_agreement(trial.before), "")
        if trial.after:
            after = f"after {trial.steps} steps"
            table.add_row("", after, *_agreement(trial.after), trial.outcome)
    return table


def _agreement(parity: Mapping[str, float]) -> tuple[str, str, str]:
    return (
        f"{parity['spearman_windows']:.4f}",
        f"{parity['alarm_agreement']:.1%}",
        f"{parity['auc_difference']:.4f}",
    )
