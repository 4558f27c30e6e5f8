"""The cells of an ablation, or of any sweep, side by side on a cluster.

A cell is all in files of OUT, which every worker sees: one whose worker died is given to another,
which goes on from the last checkpoint.
"""

# mypy: disable-error-code="no-untyped-call"
# Dask's own functions are only partly typed.

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ocrgan_training.evaluation.ablation.ablate import Cells
from ocrgan_training.evaluation.ablation.cell import Bench, Cell, do_cell
from ocrgan_training.evaluation.ablation.grid import Grid, Row
from ocrgan_training.evaluation.cluster import connected
from ocrgan_training.evaluation.data_set import load_data_set


@dataclass(frozen=True, slots=True)
class Place:
    """A bench as another machine can set it up."""

    out: str
    grid: Grid
    data: str
    folders: dict[str, str]
    threads: int


def side_by_side(cluster: str) -> Cells:
    """As `one_after_the_other`, on a cluster (see `connected`)."""
    return partial(_cells, cluster)


def _cells(cluster: str, bench: Bench) -> Iterator[tuple[Row, list[Cell]]]:
    place = Place(
        out=str(bench.out.resolve()),
        grid=bench.grid,
        data=str(bench.data.resolve()),
        folders={name: str(data.folder.resolve()) for name, data in bench.sets.items()},
        threads=bench.threads,
    )
    with connected(cluster) as client:
        futures = {
            (row.folder, seed): client.submit(_cell, place, row, seed, pure=False)
            for row in bench.grid.rows
            for seed in row.seeds
        }
        for row in bench.grid.rows:
            cells = [futures[row.folder, seed].result() for seed in row.seeds]
            bench.say(f"{row.name}: done")
            yield row, cells


def _cell(place: Place, row: Row, seed: int) -> Cell:
    import torch  # in the worker

    torch.set_num_threads(place.threads)
    sets = {name: load_data_set(Path(folder)) for name, folder in place.folders.items()}
    out, data = Path(place.out), Path(place.data)
    bench = Bench(out, place.grid, data, sets, place.threads, lambda text: None)
    return do_cell(bench, row, seed)
