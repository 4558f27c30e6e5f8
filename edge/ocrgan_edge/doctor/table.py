"""The report for a person to read, line by line as it is made."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ocrgan_edge.doctor.finding import Finding, Report, State

COLORS: dict[State, str] = {"ok": "green", "warning": "yellow", "failed": "bold red"}
NAME_WIDTH = 12


class Lines:
    """Prints findings, with a heading whenever they are about something else."""

    def __init__(self, console: Console | None = None) -> None:
        """Prints on stdout unless told otherwise."""
        self._console = console or Console(highlight=False)
        self._about = ""

    def show(self, finding: Finding) -> None:
        """Prints one finding and what to do about it."""
        if finding.about != self._about:
            self._about = finding.about
            self._console.print(Text(f"\n{finding.about}", style="bold"))
        row = Table.grid(padding=(0, 1))
        row.add_column(width=2)
        row.add_column(width=len("warning"), style=COLORS[finding.state])
        row.add_column(width=NAME_WIDTH)
        row.add_column()
        row.add_row("", finding.state, finding.name.replace("_", " "), Text(finding.value))
        if finding.advice:
            row.add_row("", "", "", Text(f"→ {finding.advice}", style="italic"))
        self._console.print(row)

    def end(self, report: Report) -> None:
        """Prints the sum."""
        counts = {
            state: sum(finding.state == state for finding in report.findings) for state in COLORS
        }
        text = ", ".join(f"{count} {state}" for state, count in counts.items())
        self._console.print(Text(f"\n{text}", style=COLORS[report.state]))
