"""`ocrgan-scene`: a data set or a picture of the rendered scene."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ocrgan_edge.command_line import run as run_command
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.video.scene.data_set import write_data_set
from ocrgan_edge.video.scene.picture import write_picture
from ocrgan_edge.video.scene.plan import Plan
from ocrgan_edge.video.scene.spec import SceneSpec
from ocrgan_edge.video.scene.text import parse_size

HELP = """Renders people on paths, normal and not, with the truth known to the pixel.

A finished folder of the same parameters is left as it is.

Examples:

ocrgan-scene --out data/scene

ocrgan-scene --out data/small --train 4 --test 2 --seconds 10 --size 192x128

ocrgan-scene --picture scene.png --site 3
"""
app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command(help=HELP)
def run(
    out: Annotated[Path | None, typer.Option(help="Folder for clips, labels and masks")] = None,
    train: Annotated[int, typer.Option(help="Normal clips")] = 24,
    test: Annotated[int, typer.Option(help="Clips with anomalies")] = 8,
    seconds: Annotated[float, typer.Option(help="Length of a clip")] = 30.0,
    seed: Annotated[int, typer.Option(help="The first day: who walks when")] = 0,
    site: Annotated[int, typer.Option(help="The place: layout and camera")] = 0,
    size: Annotated[str, typer.Option(help="Width and height in pixels")] = "384x256",
    fps: Annotated[float, typer.Option(help="Frames per second")] = 10.0,
    picture: Annotated[Path | None, typer.Option(help="Sheet of frames to write, .png")] = None,
) -> None:
    """Renders what was asked for."""

    def command() -> None:
        if out is None and picture is None:
            raise SettingsError("nothing to render: give --out DIR, --picture FILE.png, or both")
        width, height = parse_size(size)
        scene = SceneSpec(
            seed=seed,
            site_seed=site,
            width=width,
            height=height,
            frames_per_second=fps,
            seconds=seconds,
        )
        if out is not None:
            _write(out, Plan(scene, train, test))
        if picture is not None:
            write_picture(picture, scene)

    raise typer.Exit(run_command(command))


def _write(out: Path, plan: Plan) -> None:
    frames = (plan.train + plan.test) * (plan.scene.length or 0)
    columns = (TextColumn("rendering"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(file=sys.stderr)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("frames", total=frames)
        written = write_data_set(out, plan, lambda: bar.advance(task))
    state = "rendered" if written else "are there already"
    print(f"{out}: {plan.train} training and {plan.test} test clips {state}")


def main() -> None:
    """The command."""
    app()


if __name__ == "__main__":
    main()
