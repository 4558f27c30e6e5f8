"""Each layer's error, its share of the multiplications and where it stays in float, to be read."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from ocrgan_edge.bundle import Manifest
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
