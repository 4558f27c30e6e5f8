"""What the command tells when it is done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ocrgan_calibration.renew import Renewal
from ocrgan_edge.bundle import Bundle


def print_camera_report(report: Mapping[str, object], as_json: bool) -> None:
    """Prints what a camera has learned."""
    if as_json:
        print(json.dumps(report, indent=1))
        return
    table = Table("what", "value", title=str(report["file"]))
    for name, value in report.items():
        if name not in ("file", "warning") and value is not None:
            shown = f"{value:.4g}" if isinstance(value, float) else str(value)
            table.add_row(name.replace("_", " "), shown)
    console = Console()
    console.print(table)
    if report["warning"]:
        console.print(f"[yellow]note:[/yellow] {report['warning']}", highlight=False)


def print_renewals(
    bundle: Bundle,
    renewals: Mapping[str, Renewal],
    path: Path,
    fields: Mapping[str, object] | None,
) -> None:
    """Prints the new thresholds of a bundle's targets beside the old, or `fields` as JSON."""
    if fields is not None:
        print(json.dumps(fields, indent=1))
        return
    table = Table("target", title=str(path))
    for column in ("old threshold", "threshold", "median", "windows", "minutes"):
        table.add_column(column, justify="right")
    for name, renewal in renewals.items():
        new = renewal.calibration
        old = bundle.target(name).calibration
        table.add_row(
            name,
            f"{old.threshold:.3f}",
            f"{new.threshold:.3f}",
            f"{new.median:.3f}",
            str(new.windows),
            f"{new.minutes:.1f}",
        )
    console = Console()
    console.print(table)
    for warning in {renewal.calibration.warning for renewal in renewals.values()} - {None}:
        console.print(f"[yellow]note:[/yellow] {warning}", highlight=False)
