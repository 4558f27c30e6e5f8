"""`ocrgan-train`: recordings of normal life → a network in a run folder."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from ocrgan_edge.command_line import INTERRUPTED, run

if TYPE_CHECKING:
    from ocrgan_training.network.presets import NetworkConfig
    from ocrgan_training.options import TrainOptions

EPILOG = """
Examples:

ocrgan-train --data recordings --out runs/yard --size 64 --width 32 --frames 16 --minutes 20

ocrgan-train --data recordings --out runs/yard --size 96x160 --width 16 --epochs 100 --resume

DATA/train holds clips of normal life (video files or folders of frames). A tenth of them, at
least one, is held out and never trained on. Ctrl-C saves; --resume goes on from there.

Exit codes: 0 finished, 2 settings, 6 recordings, 130 interrupted and saved.
"""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(epilog=EPILOG)
def command(
    data: Annotated[Path, typer.Option(help="Folder with train/<clip> of normal life.")],
    out: Annotated[Path, typer.Option(help="Run folder to write.")],
    minutes: Annotated[
        float | None, typer.Option(help="Train this long [20, if nothing else is said].")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Or: see every frame about twice this often.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Or: this many steps.")] = None,
    preset: Annotated[
        str | None, typer.Option(help="nano, small, base, large or recipe; options below win.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="HEIGHTxWIDTH as 96x160, or one number [64].")
    ] = None,
    width: Annotated[int | None, typer.Option(help="Base width n of the network [32].")] = None,
    frames: Annotated[int | None, typer.Option(help="Frames per window T [16].")] = None,
    temporal: Annotated[
        Literal["none", "basic", "multi-scale", "hierarchical", "full"] | None,
        typer.Option(help="Operations over time in the network [full]."),
    ] = None,
    hidden_frames: Annotated[
        int | None, typer.Option(help="Newest frames to predict instead of to see [0].")
    ] = None,
    fps: Annotated[
        float, typer.Option(min=0.1, help="Frames per second the model works at.")
    ] = 10.0,
    batch: Annotated[int, typer.Option(min=1, help="Windows per step.")] = 1,
    stacks: Annotated[
        int,
        typer.Option(min=4, help="Pseudo-anomalous stacks per step, for the local discriminator."),
    ] = 24,
    noise: Annotated[
        float, typer.Option(min=0.0, help="Noise the generator sees through; the recipe's is 1.")
    ] = 0.3,
    flip: Annotated[bool, typer.Option("--flip", help="Mirrored is as normal.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the weights and of every batch.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where OUT ended.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Processors to use [all].")] = None,
    checkpoint_minutes: Annotated[
        float, typer.Option(min=0.0, help="Between two checkpoints.")
    ] = 5.0,
) -> None:
    """Trains the network on recordings of normal life."""
    _quiet_waiting()
    from ocrgan_training.data.augment import Augmentation
    from ocrgan_training.data.loader import LoaderSettings
    from ocrgan_training.learner import RECIPE, Rates
    from ocrgan_training.options import TrainOptions
    from ocrgan_training.schedule import Budget
    from ocrgan_training.step import StepSettings

    if minutes is None and epochs is None and steps is None:
        minutes = 20.0
    config = _config(preset, size, {"base_width": width, "frames": frames, "temporal": temporal})
    if hidden_frames is not None:
        config = replace(config, hidden_frames=hidden_frames)
    _train(
        TrainOptions(
            data=data,
            run=out,
            config=config,
            budget=Budget(minutes, epochs, steps),
            loader=LoaderSettings(
                frames=config.frames,
                batch=batch,
                stacks=stacks,
                seed=seed,
                augmentation=Augmentation(flip=flip),
            ),
            step=StepSettings(noise=noise),
            rates=Rates() if epochs is None else RECIPE,
            frames_per_second=fps,
            resume=resume,
            threads=threads or os.cpu_count() or 1,
            checkpoint_minutes=checkpoint_minutes,
        )
    )


def _config(name: str | None, size: str | None, given: dict[str, Any]) -> NetworkConfig:
    from ocrgan_training.network.presets import NetworkConfig, preset
    from ocrgan_training.options import parse_size

    config = preset(name) if name is not None else NetworkConfig()
    chosen = {key: value for key, value in given.items() if value is not None}
    if size is not None:
        chosen["height"], chosen["width"] = parse_size(size)
    return replace(config, **chosen)


def _train(options: TrainOptions) -> None:
    from ocrgan_training.interruption import Interruption
    from ocrgan_training.loop import run_training
    from ocrgan_training.machine import prepare
    from ocrgan_training.progress import make_reporter
    from ocrgan_training.session import open_session

    prepare(options.threads)
    reporter = make_reporter(Console())
    with reporter:
        session = open_session(options, reporter)
        if session is None:
            reporter.say(f"{options.run} is finished already: {options.budget} with these settings")
            return
        with Interruption() as stop:
            done = run_training(session, reporter, stop)
    if not done:
        print(f"interrupted after step {session.learner.step}: saved, --resume goes on")
        raise typer.Exit(INTERRUPTED)


def _quiet_waiting() -> None:
    """Threads that wait sleep instead of spinning: others may use the machine meanwhile.

    Must be set before torch is imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def main() -> None:
    """Entry point of `ocrgan-train`."""
    sys.exit(run(app))


if __name__ == "__main__":
    main()
