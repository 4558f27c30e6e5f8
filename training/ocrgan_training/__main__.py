"""`ocrgan-train`: recordings of normal life → a network in a run folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from ocrgan_edge.command_line import INTERRUPTED, run

if TYPE_CHECKING:
    from ocrgan_training.options import TrainOptions

EPILOG = """
Examples:

ocrgan-train --data recordings --out runs/yard --minutes 60

ocrgan-train --data recordings --out runs/yard --size 96x160 --width 16 --epochs 100 --resume

ocrgan-train --data recordings --out runs/home --resting

ocrgan-train --data recordings --out runs/yard-nano --preset nano --teacher runs/yard

torchrun --nproc-per-node 2 -m ocrgan_training --data recordings --out runs/yard --batch 4

DATA/train holds clips of normal life (video files or folders of frames). A tenth of them, at
least one, is held out and never trained on. UCSD Ped, CUHK Avenue and ShanghaiTech are read as
they are published. Ctrl-C saves; --resume goes on from there.

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
        str | None,
        typer.Option(help="nano, small, base, large or recipe; options below win."),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            help="HEIGHTxWIDTH as 96x160, one number, or auto: as small, in the recordings' shape "
            "[the preset's; auto without]."
        ),
    ] = None,
    width: Annotated[int | None, typer.Option(help="Base width n of the network.")] = None,
    frames: Annotated[int | None, typer.Option(help="Frames per window T.")] = None,
    temporal: Annotated[
        Literal["none", "basic", "multi-scale", "hierarchical", "full", "causal"] | None,
        typer.Option(
            help="Operations over time in the network. causal: all, looking back only, so that "
            "every frame is scored by itself; the others see windows [causal; full for recipe]."
        ),
    ] = None,
    patches: Annotated[
        Literal["stack", "slim"] | None,
        typer.Option(
            help="slim: a local discriminator of a sixth of the work [slim; stack for windows]."
        ),
    ] = None,
    hidden_frames: Annotated[
        int | None, typer.Option(help="Newest frames to predict instead of to see [0].")
    ] = None,
    reduction: Annotated[
        int | None,
        typer.Option(help="How many times smaller the generator sees the frames [1]."),
    ] = None,
    fps: Annotated[
        float, typer.Option(min=0.1, help="Frames per second the model works at.")
    ] = 10.0,
    batch: Annotated[int, typer.Option(min=1, help="Windows per step and process.")] = 1,
    stacks: Annotated[
        int,
        typer.Option(
            min=4, help="Pseudo-anomalous stacks per step and process (local discriminator)."
        ),
    ] = 96,
    noise: Annotated[
        float, typer.Option(min=0.0, help="Noise the generator sees through; the recipe's is 1.")
    ] = 0.3,
    resting: Annotated[
        bool, typer.Option("--resting", help="Tell what lies or was left, too: falls, bags.")
    ] = False,
    flip: Annotated[bool, typer.Option("--flip", help="Mirrored is as normal.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the weights and of every batch.")] = 1,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(help="A run whose local discriminator is learned from, too; may be repeated."),
    ] = None,
    average: Annotated[
        float,
        typer.Option(min=0.0, max=0.9999, help="Memory of the weights' running average, 0: none."),
    ] = 0.99,
    dropout: Annotated[
        float, typer.Option(min=0.0, max=0.9, help="Share of attention that is dropped.")
    ] = 0.1,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda, … [cuda where there is one].")
    ] = None,
    precision: Annotated[
        Literal["float32", "bfloat16", "float64"],
        typer.Option(help="bfloat16 is mixed precision, for machines that compute in it."),
    ] = "float32",
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Less memory: compute activations twice.")
    ] = False,
    compiled: Annotated[
        bool, typer.Option("--compile", help="torch.compile; needs a C++ compiler.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes that make batches; 0: a thread does.")
    ] = 0,
    memory: Annotated[float, typer.Option(min=0.001, help="GiB of decoded clips to keep.")] = 8.0,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Metrics to OUT/tensorboard, too.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where OUT ended.")] = False,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Processors per process [all, shared out].")
    ] = None,
    checkpoint_minutes: Annotated[
        float, typer.Option(min=0.0, help="Between two checkpoints.")
    ] = 5.0,
) -> None:
    """Trains the network on recordings of normal life."""
    _quiet_waiting()
    import torch

    from ocrgan_training import processes
    from ocrgan_training.asked_network import asked_network
    from ocrgan_training.data.augment import Augmentation
    from ocrgan_training.data.crop import part_size
    from ocrgan_training.data.life_size import enlarged, life_size
    from ocrgan_training.data.loader import LoaderSettings
    from ocrgan_training.data.pseudo_settings import PseudoSettings
    from ocrgan_training.data.published import open_data_folder
    from ocrgan_training.engine import Engine, device_of
    from ocrgan_training.learner import RECIPE, Rates
    from ocrgan_training.options import TrainOptions
    from ocrgan_training.schedule import Budget
    from ocrgan_training.step import StepSettings

    if minutes is None and epochs is None and steps is None:
        minutes = 20.0
    budget = Budget(minutes, epochs, steps)
    if os.environ.get("RANK", "0") == "0":  # torchrun: the first process
        typer.echo("looking how tall what moves is")
    life = life_size(list(open_data_folder(data).training().values()))
    config = asked_network(
        data,
        preset,
        size,
        {
            "base_width": width,
            "frames": frames,
            "temporal": temporal,
            "patches": patches,
            "reduction": reduction,
            "hidden_frames": hidden_frames,
        },
        life,
    )
    count = processes.count_asked_for()
    edits = PseudoSettings()
    engine = Engine(device_of(device), precision, recompute, compiled, workers, tensorboard)
    with processes.together(torch.device(engine.device)):
        options = TrainOptions(
            data=data,
            run=out,
            config=config,
            budget=budget,
            loader=LoaderSettings(
                frames=config.clip_frames,
                batch=batch * count,
                stacks=stacks * count,
                crop=part_size(config.height, config.width, enlarged(life)),
                seed=seed,
                augmentation=Augmentation(flip=flip),
                pseudo=(edits.with_resting() if resting else edits).enlarged(enlarged(life)),
            ),
            step=StepSettings(noise=noise, average=average, dropout=dropout),
            rates=Rates() if epochs is None else RECIPE,
            engine=engine,
            frames_per_second=fps,
            resume=resume,
            threads=threads or max(1, (os.cpu_count() or 1) // count),
            checkpoint_minutes=checkpoint_minutes,
            memory=round(memory * 2**30),
            teachers=tuple(teacher or ()),
            life=life,
        )
        _train(options)


def _train(options: TrainOptions) -> None:
    from ocrgan_training import processes
    from ocrgan_training.interruption import Interruption
    from ocrgan_training.loop import run_training
    from ocrgan_training.machine import prepare
    from ocrgan_training.progress import make_reporter
    from ocrgan_training.session import open_session

    prepare(options.threads)
    reporter = make_reporter(Console(quiet=processes.rank() > 0))
    with reporter:
        session = open_session(options, reporter)
        if session is None:
            reporter.say(f"{options.run} is finished already: {options.budget} with these settings")
            return
        with Interruption(patient=processes.count() > 1) as stop:
            done = run_training(session, reporter, stop)
    if not done:
        reporter.say(f"interrupted after step {session.learner.step}: saved, --resume goes on")
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
