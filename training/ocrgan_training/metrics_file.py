"""`metrics.csv`: how every loss went, a row every few steps."""

from __future__ import annotations

import csv
import os
from pathlib import Path

METRICS = "metrics.csv"


class MetricsFile:
    """Gathers the values of steps and writes their means."""

    def __init__(self, run: Path, columns: tuple[str, ...], step: int) -> None:
        """Opens RUN/metrics.csv to go on after `step`; later rows of an earlier session go."""
        self._file = run / METRICS
        self._columns = ("step", *columns)
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        kept = self._rows_until(step)
        partial = run / (METRICS + ".partial")
        with partial.open("w", newline="") as opened:
            writer = csv.DictWriter(opened, self._columns, extrasaction="ignore", restval="")
            writer.writeheader()
            writer.writerows(kept)
        os.replace(partial, self._file)

    def add(self, values: dict[str, float]) -> None:
        """Takes the values of one step."""
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def write(self, step: int) -> dict[str, float]:
        """Writes a row of means since the last one; gives it back."""
        means = {name: total / self._counts[name] for name, total in self._sums.items()}
        self._sums.clear()
        self._counts.clear()
        with self._file.open("a", newline="") as opened:
            writer = csv.DictWriter(opened, self._columns, extrasaction="ignore", restval="")
            writer.writerow(
                {"step": step} | {name: f"{value:.6g}" for name, value in means.items()}
            )
        return means

    def _rows_until(self, step: int) -> list[dict[str, str]]:
        if step == 0 or not self._file.exists():
            return []
        with self._file.open(newline="") as opened:
            return [row for row in csv.DictReader(opened) if int(row["step"]) <= step]
