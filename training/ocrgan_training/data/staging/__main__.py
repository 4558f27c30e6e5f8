"""`ocrgan-stage`: rendered anomalies in a recording, to see what would be detected there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ocrgan_edge.command_line import run
from ocrgan_training.data.staging.data_set import Staging, stage_recording
from ocrgan_training.data.staging.ground import parse_people

EPILOG = """
Examples:

ocrgan-stage --video yard.mp4 --people 306:86,200:60 --out data/yard-staged

make all DATA=data/yard-staged MINUTES=20

--people says how large people are: row of the feet and height, in pixels, of somebody near and of
somebody far away. Between these two, rendered people walk through all clips, so that being drawn is
nothing unusual; runners, cyclists, vehicles, skaters and falls come into the test clips.

Exit codes: 0 written, 2 settings, 6 recordings, 130 interrupted.
"""
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(epilog=EPILOG)
def command(
    video: Annotated[str, typer.Option(help="Recording of normal life: a file or frames.")],
    people: Annotated[str, typer.Option(help="Feet's row and height of two: ROW:PX,ROW:PX.")],
    out: Annotated[Path, typer.Option(help="Folder to write; new or empty.")],
    test_share: Annotated[float, typer.Option(help="Of the recording, its end.")] = 0.4,
    clip_seconds: Annotated[float, typer.Option(help="Length of a clip.")] = 10.0,
    takes: Annotated[int, typer.Option(help="How often every test clip is staged.")] = 3,
    walkers: Annotated[float, typer.Option(min=0.0, help="Rendered ones a minute.")] = 6.0,
    fps: Annotated[float, typer.Option(min=1.0, help="Frames per second to write.")] = 10.0,
    seed: Annotated[int, typer.Option(min=0, help="Who walks where.")] = 0,
) -> None:
    """Writes a data set in the plain layout from one recording."""
    staging = Staging(parse_people(people), test_share, clip_seconds, takes, walkers, fps, seed)
    columns = (TextColumn("frames"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("frames", total=None)
        train, test = stage_recording(video, out, staging, lambda: bar.advance(task))
    print(f"{out}: {train} training and {test} test clips")


def main() -> None:
    """Runs the command."""
    sys.exit(run(app))


if __name__ == "__main__":
    main()
