"""All cells of an ablation, one after the other, and the table they give."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ocrgan_training.evaluation.ablation.cell import Bench, Cell, do_cell
from ocrgan_training.evaluation.ablation.grid import Row
from ocrgan_training.evaluation.ablation.table import Line, Table, line_of, write_table
from ocrgan_training.evaluation.data_set import DataSet
from ocrgan_training.evaluation.measure import Settings
from ocrgan_training.evaluation.measure_baselines import measure_baselines

CLOCK = 10.0
"""Frames per second that the trainings and the baselines run at."""
RARE = 1.0
"""False alarms a day: of the baselines' thresholds, which the table does not show."""

Baselines = dict[str, float | None]
Cells = Callable[[Bench], Iterable[tuple[Row, list[Cell]]]]
"""Gives every row in the grid's order with a cell for each seed."""


def one_after_the_other(bench: Bench) -> Iterator[tuple[Row, list[Cell]]]:
    """Does the cells in this process."""
    for row in bench.grid.rows:
        yield row, [do_cell(bench, row, seed) for seed in row.seeds]


def ablate(bench: Bench, command: str, cells: Cells = one_after_the_other) -> Table:
    """Does what has not been done, writes the table after every row, and gives it.

    Args:
        bench: the grid, the data sets, and where everything lies.
        command: that was called, for the table's reader.
        cells: how the trainings are done.

    Raises:
        DataError: clips, labels or earlier results cannot be used.
        KeyboardInterrupt: it was interrupted; the same call goes on.
    """
    baselines = {name: _baselines(bench.out, name, data) for name, data in bench.sets.items()}
    lines: list[Line] = []
    names = tuple(bench.sets)
    table = Table(names, (), baselines, bench.grid.hop, command)
    for row, done in cells(bench):
        lines.append(line_of(row, done, names))
        table = Table(names, tuple(lines), baselines, bench.grid.hop, command)
        write_table(table, bench.out)
    return table


def _baselines(out: Path, name: str, data: DataSet) -> Baselines:
    """Causal micro AUC of what learns nothing; measured once."""
    file = out / "baselines" / f"{name}.json"
    if file.exists():
        found: Baselines = json.loads(file.read_text())
        return found
    measured = measure_baselines(data, CLOCK, RARE, Settings(), lambda: None)
    found = {one.row.name: one.row.frames["causal"].auc for one in measured}
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(found))
    os.replace(partial, file)
    return found
