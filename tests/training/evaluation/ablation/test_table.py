"""The ablation's table and figure."""

import json
from pathlib import Path

from ocrgan_training.evaluation.ablation.cell import Cell, Figures
from ocrgan_training.evaluation.ablation.figure import write_figure
from ocrgan_training.evaluation.ablation.grid import Network, Row
from ocrgan_training.evaluation.ablation.table import Table, line_of, markdown, write_table

SMALL = Network(size=32, frames=8, width=8)


def figures(auc: float | None) -> Figures:
    return Figures(auc, auc, auc, 0.5, None, events_found=3, events=4, false_alarms=0)


def cell(seed: int, auc: float, minutes: float = 2.0) -> Cell:
    return Cell("full", seed, minutes, 100, {"yard": figures(auc), "street": figures(None)})


ROW = Row("full", "parts", SMALL, (1, 2, 3))
LINE = line_of(ROW, [cell(1, 0.7, 1.0), cell(2, 0.9, 2.0), cell(3, 0.8, 9.0)], ["yard", "street"])
TABLE = Table(
    ("yard", "street"),
    (LINE,),
    {"yard": {"frame differencing": 0.6}, "street": {}},
    4,
    "ocrgan-ablate …",
)


def test_a_line_is_the_median_of_seeds_with_their_range() -> None:
    spread = LINE.auc["yard"]
    assert spread is not None
    assert (spread.median, spread.low, spread.high) == (0.8, 0.7, 0.9)
    assert str(spread) == "0.800 (0.700–0.900)"
    assert LINE.minutes == 2.0


def test_one_seed_has_no_range() -> None:
    assert str(line_of(ROW, [cell(1, 0.75)], ["yard", "street"]).auc["yard"]) == "0.750"


def test_a_line_says_what_its_network_costs() -> None:
    config = SMALL.config()
    assert LINE.parameters > 10_000
    assert LINE.macs > config.height * config.width * config.frames


def test_what_is_not_known_is_a_dash_and_null(tmp_path: Path) -> None:
    assert LINE.auc["street"] is None
    assert "| 0.800 (0.700–0.900) | – |" in markdown(TABLE)
    write_table(TABLE, tmp_path)
    fields = json.loads((tmp_path / "ablation.json").read_text())
    assert fields["lines"][0]["auc"]["street"] is None
    assert fields["lines"][0]["settings"] == {"size": 32, "frames": 8, "width": 8}


def test_every_line_of_the_table_has_the_same_columns() -> None:
    rows = [line for line in markdown(TABLE).splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {13}
    assert "baseline: frame differencing" in rows[-1]


def test_the_figure_is_drawn(tmp_path: Path) -> None:
    path = write_figure(TABLE, tmp_path, "svg")
    assert path == tmp_path / "ablation.svg"
    assert "causal frame AUC" in path.read_text()
