"""`ocrgan-transfer`: how many minutes of recording and of training a new scene needs."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from ocrgan_edge.command_line import run
from ocrgan_edge.errors import SettingsError

EPILOG = """
Examples:

ocrgan-transfer --data yard-staged --recording 1,2,5,all --minutes 5,20 --out runs/transfer

ocrgan-transfer --data ped2 --data yard-staged --steps 75,150,300,600 --out runs/transfer

Trains on the first whole clips of each scene that have so many minutes, tests on all of its test
clips, and writes transfer.md, .json and .png into OUT. What is done is kept: the same command goes
on. ocrgan-stage makes such a scene from a recording without labels.

Exit codes: 0 finished, 2 settings, 6 recordings, 130 interrupted.
"""
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(epilog=EPILOG)
def command(
    data: Annotated[list[Path], typer.Option(help="Labelled scene, plain layout; repeatable.")],
    out: Annotated[Path, typer.Option(help="Folder for trainings, table and figure.")],
    recording: Annotated[str, typer.Option(help="Minutes to learn from, or all: with commas.")] = (
        "all"
    ),
    minutes: Annotated[str, typer.Option(help="Of training, with commas.")] = "",
    steps: Annotated[str, typer.Option(help="Or: steps of training, with commas.")] = "",
    preset: Annotated[str | None, typer.Option(help="Named settings of the network.")] = "nano",
    size: Annotated[str | None, typer.Option(help="HEIGHTxWIDTH instead of the preset's.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all trainings.")] = 1,
    hop: Annotated[
        int | None,
        typer.Option(min=1, help="New frames between two scores [1; 4 where windows are scored]."),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Processors [all].")] = None,
    plot_format: Annotated[
        Literal["png", "pdf", "svg"], typer.Option(help="Of the figure.")
    ] = "png",
) -> None:
    """Trains and measures over lengths of recording and of training."""
    import torch

    from ocrgan_training.evaluation.ablation.grid import Network
    from ocrgan_training.evaluation.transfer.curve import Question, answer, markdown
    from ocrgan_training.evaluation.transfer.figure import write_figure

    if (minutes == "") == (steps == ""):
        raise SettingsError("give --minutes or --steps of training, one of them")
    if len({scene.resolve().name for scene in data}) < len(data):
        raise SettingsError("two of the scenes' folders have one name: they would be mixed")
    lengths = tuple(
        None if word == "all" else _number("recording", word) for word in _words(recording)
    )
    used = threads or os.cpu_count() or 1
    torch.set_num_threads(used)
    network = Network(preset=preset, size=size)
    causal = network.config().causal
    question = Question(
        network=network,
        recording=lengths,
        minutes=tuple(_number("minutes", word) for word in _words(minutes)),
        steps=tuple(int(_number("steps", word)) for word in _words(steps)),
        seed=seed,
        hop=hop or (1 if causal else 4),
        threads=used,
    )
    console = Console(width=None if sys.stdout.isatty() else 150)
    called = shlex.join(["ocrgan-transfer", *sys.argv[1:]])
    out.mkdir(parents=True, exist_ok=True)
    scenes = [scene.resolve() for scene in data]
    curves = answer(
        question, scenes, out, lambda text: console.print(text, highlight=False), called
    )
    (out / "transfer.md").write_text(markdown(curves))
    picture = write_figure(curves, out, plot_format)
    console.print(markdown(curves), highlight=False, soft_wrap=True, markup=False)
    console.print(f"{out / 'transfer.md'}, {out / 'transfer.json'} and {picture}", highlight=False)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _number(name: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise SettingsError(f"--{name} has {word!r}, wanted numbers above 0 with commas") from None
    return value


def main() -> None:
    """Runs the command."""
    sys.exit(run(app))


if __name__ == "__main__":
    main()
