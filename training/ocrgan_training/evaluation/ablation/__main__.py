"""`ocrgan-ablate`: what each part of the network is worth, as one table and one figure."""

from __future__ import annotations

import os
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ocrgan_edge.command_line import run
from ocrgan_edge.errors import SettingsError

if TYPE_CHECKING:
    from ocrgan_training.evaluation.ablation.ablate import Cells

EPILOG = """\b
Examples:
  ocrgan-ablate --data ped2 --out runs/ablation --axes temporal --preset small --minutes 10
  ocrgan-ablate --data ped2 --out runs/ablation --axes temporal,frames,size --steps 600 --width 16
  ocrgan-ablate --data ped2 --out runs/ablation --grid grid.toml --across avenue --across ped1
  ocrgan-ablate --data ped2 --out runs/ablation --grid grid.toml --cluster tcp://10.0.0.1:8786

\b
grid.toml:
  steps = 600
  seeds = [1, 2, 3]
  [network]
  width = 16
  [[row]]
  name = "one frame at a time"
  temporal = "none"
  [[row]]
  name = "everything"
  temporal = "full"

Every row is trained with every seed on DATA/train and scored through torch on DATA/test; --across
scores the same networks on other scenes too, with places and thresholds measured on the normal
clips there. What is done is kept in OUT: the same command again goes on, and other rows, seeds or
scenes are added to it. --cluster trains the cells side by side, here or elsewhere; OUT and DATA
lie at the same paths there.
"""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


class PlotFormat(StrEnum):
    """Of the figure."""

    PNG = "png"
    PDF = "pdf"
    SVG = "svg"


@app.command(epilog=EPILOG)
def command(
    data: Annotated[Path, typer.Option(help="Folder with train/, test/ and labels.json.")],
    out: Annotated[Path, typer.Option(help="Folder for trainings, table and figure.")],
    axes: Annotated[
        str, typer.Option(help="Known rows: temporal, frames, size, with commas.")
    ] = "",
    grid: Annotated[Path | None, typer.Option(help="Or: rows from this TOML file.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Of every training.")] = None,
    steps: Annotated[int | None, typer.Option(help="Or: steps of every training.")] = None,
    seeds: Annotated[str, typer.Option(help="One training each, with commas.")] = "1,2,3",
    preset: Annotated[
        str | None, typer.Option(help="Named settings of rows; what is said beside it wins.")
    ] = None,
    size: Annotated[str | None, typer.Option(help="HEIGHTxWIDTH of rows that do not say.")] = None,
    frames: Annotated[int | None, typer.Option(help="T of rows that do not say.")] = None,
    width: Annotated[int | None, typer.Option(help="n of rows that do not say.")] = None,
    hop: Annotated[int, typer.Option(min=1, help="New frames between two windows.")] = 4,
    across: Annotated[
        list[Path] | None, typer.Option(help="Another scene to score on; may come again.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Processors to use.")] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Train on local:WORKERS or tcp://HOST:PORT.")
    ] = None,
    plot_format: Annotated[PlotFormat, typer.Option(help="Of the figure.")] = PlotFormat.PNG,
) -> None:
    """Trains and evaluates variants of the network: a table and a figure, resumable."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch is loaded
    import torch

    from ocrgan_training.evaluation.ablation.ablate import ablate
    from ocrgan_training.evaluation.ablation.cell import Bench
    from ocrgan_training.evaluation.ablation.figure import write_figure
    from ocrgan_training.evaluation.ablation.grid import (
        WINDOWS,
        Grid,
        Network,
        budget,
        read_grid,
        standard_grid,
    )
    from ocrgan_training.evaluation.ablation.table import markdown
    from ocrgan_training.evaluation.data_set import load_data_set

    if (grid is None) == (axes == ""):
        raise SettingsError("give --axes or --grid, one of them")
    if grid is not None:
        rows = read_grid(grid)
    else:
        common = Network(preset=preset, size=size, frames=frames, width=width).over(WINDOWS)
        plan = Grid((), budget(minutes, steps), hop)
        rows = standard_grid(_words(axes), common, _seeds(seeds), plan)
    used = threads or (1 if cluster is not None else os.cpu_count() or 1)
    torch.set_num_threads(used)
    console = Console(width=None if sys.stdout.isatty() else 150)
    folders = [data, *(across or ())]
    sets = {folder.resolve().name: load_data_set(folder) for folder in folders}
    if len(sets) < len(folders):
        raise SettingsError("two of the scenes' folders have one name: their rows would be mixed")
    bench = Bench(out, rows, data, sets, used, lambda text: console.print(text, highlight=False))
    called = shlex.join(["ocrgan-ablate", *sys.argv[1:]])
    table = ablate(bench, called, _cells(cluster))
    picture = write_figure(table, out, plot_format.value)
    console.print(markdown(table), highlight=False, soft_wrap=True, markup=False)
    console.print(f"{out / 'ablation.md'}, {out / 'ablation.json'} and {picture}", highlight=False)


def main() -> None:
    """Runs the command."""
    sys.exit(run(app))


def _cells(cluster: str | None) -> Cells:
    from ocrgan_training.evaluation.ablation.ablate import one_after_the_other

    if cluster is None:
        return one_after_the_other
    try:
        from ocrgan_training.evaluation.ablation.on_cluster import side_by_side  # an extra
    except ImportError as error:
        raise SettingsError(
            f"--cluster needs Dask ({error}): pip install 'ocrgan-edge[cluster]'"
        ) from error
    return side_by_side(cluster)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _seeds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in _words(text))
    except ValueError:
        raise SettingsError(f"--seeds is {text!r}, wanted numbers with commas") from None


if __name__ == "__main__":
    main()
