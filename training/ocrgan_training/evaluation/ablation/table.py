"""The ablation's table: medians of seeds with their range, and what each network costs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from ocrgan_training.evaluation.ablation.cell import Cell, Figures
from ocrgan_training.evaluation.ablation.grid import Row
from ocrgan_training.network.cost import count_cost


@dataclass(frozen=True)
class Spread:
    """A figure over seeds."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        """As a table shows it: 0.903 (0.898–0.910); one seed has no range."""
        if self.low == self.high:
            return f"{self.median:.3f}"
        return f"{self.median:.3f} ({self.low:.3f}–{self.high:.3f})"


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    name: str
    group: str
    settings: dict[str, object]
    seeds: tuple[int, ...]
    minutes: float
    """Of one training, median."""
    steps: float
    parameters: int
    macs: int
    """Multiply-adds of one window."""
    auc: dict[str, Spread | None]
    """Causal micro AUC by data set."""
    paper: Spread | None
    """AUC under the protocol `paper`, on the data set trained on."""
    seed_score: Spread | None
    pixel_auc: Spread | None
    recall: Spread | None
    """Of events, at the threshold from normal video."""


@dataclass(frozen=True)
class Table:
    """All of it."""

    data_sets: tuple[str, ...]
    """The one trained on first."""
    lines: tuple[Line, ...]
    baselines: dict[str, dict[str, float | None]]
    """Causal micro AUC by data set, then by baseline."""
    hop: int
    command: str
    """That makes it again."""


def line_of(row: Row, cells: Sequence[Cell], data_sets: Sequence[str]) -> Line:
    """Puts a row's seeds together."""
    cost = count_cost(row.network.config())
    own = [cell.figures[data_sets[0]] for cell in cells]
    recalls = [one.events_found / one.events if one.events else None for one in own]
    return Line(
        name=row.name,
        group=row.group,
        settings=row.network.model_dump(exclude_none=True),
        seeds=tuple(cell.seed for cell in cells),
        minutes=float(median(cell.minutes for cell in cells)),
        steps=float(median(cell.steps for cell in cells)),
        parameters=cost.parameters,
        macs=cost.macs,
        auc={name: _spread([_auc(cell.figures[name]) for cell in cells]) for name in data_sets},
        paper=_spread([one.paper for one in own]),
        seed_score=_spread([one.seed_score for one in own]),
        pixel_auc=_spread([one.pixel_auc for one in own]),
        recall=_spread(recalls),
    )


def _auc(figures: Figures) -> float | None:
    return figures.auc


def _spread(values: Sequence[float | None]) -> Spread | None:
    known = [value for value in values if value is not None]
    return Spread(median(known), min(known), max(known)) if known else None


def markdown(table: Table) -> str:
    """The table for a page of documentation."""
    headings = ["", "parameters", "GMAC", "minutes", "steps", "seeds"]
    headings += [f"{name}: causal AUC" for name in table.data_sets]
    headings += ["paper AUC", "seed score", "pixel AUC", "events found"]
    lines = [_row(headings), _row(["---"] + ["---:"] * (len(headings) - 1))]
    group = ""
    for line in table.lines:
        if line.group != group:
            group = line.group
            lines.append(_row([f"**{group}**", *[""] * (len(headings) - 1)]))
        cells = [line.name, f"{line.parameters:,}", f"{line.macs / 1e9:.2f}"]
        cells += [f"{line.minutes:.1f}", f"{line.steps:g}", str(len(line.seeds))]
        cells += [_text(line.auc[name]) for name in table.data_sets]
        found = (line.paper, line.seed_score, line.pixel_auc, line.recall)
        lines.append(_row([*cells, *(_text(value) for value in found)]))
    for name in next(iter(table.baselines.values()), {}):
        known = [table.baselines[where].get(name) for where in table.data_sets]
        shown = ["–" if value is None else f"{value:.3f}" for value in known]
        lines.append(_row([f"baseline: {name}", "", "", "", "", "", *shown, "", "", "", ""]))
    note = (
        f"Median over seeds, with the range; a window every {table.hop} frames; nothing was chosen "
        f"on test clips. Made by `{table.command}`."
    )
    return "\n".join([*lines, "", note, ""])


def _text(value: Spread | None) -> str:
    return "–" if value is None else str(value)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def write_table(table: Table, folder: Path) -> None:
    """FOLDER/ablation.json and FOLDER/ablation.md."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ablation.json").write_text(json.dumps(asdict(table), indent=1) + "\n")
    (folder / "ablation.md").write_text(markdown(table))
