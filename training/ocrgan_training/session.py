"""One sitting of a training: clips in memory, a learner new or restored, and the files of a run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ocrgan_edge.errors import SettingsError
from ocrgan_training import processes
from ocrgan_training.checkpoint import CHECKPOINT, restore, save_checkpoint
from ocrgan_training.data.clip_store import ClipStore
from ocrgan_training.data.clips import ClipSpec, find_recordings, load_clips
from ocrgan_training.data.loader import Batch, Loader, to_device
from ocrgan_training.distillation import open_teachers
from ocrgan_training.held_out import evaluate, held_out_batch
from ocrgan_training.learner import Learner, make_learner, set_dropout
from ocrgan_training.options import TrainOptions
from ocrgan_training.progress import Reporter
from ocrgan_training.run_info import RunInfo, read_info, write_info
from ocrgan_training.schedule import Budget, Plateau, Spent

NAMES = 5
"""Clips that a message names at most."""


@dataclass
class Session:
    """Everything the loop works with."""

    options: TrainOptions
    learner: Learner
    loader: Loader
    held_out: Batch
    info: RunInfo
    plateau: Plateau = field(default_factory=Plateau)
    seconds: float = 0.0
    """Of training, earlier sittings included."""

    @property
    def spent(self) -> Spent:
        """Of the budget."""
        step = self.learner.step
        return Spent(self.seconds, step / self.loader.steps_per_epoch, step)

    def evaluate(self) -> dict[str, float]:
        """Looks at held-out clips and remembers what it saw."""
        found = evaluate(self.learner.average, self.held_out)
        self.info = self.info.model_copy(update={"held_out_losses": found})
        return found

    def save(self) -> None:
        """Writes checkpoint and run.json; of several processes, the first one does."""
        if processes.rank() > 0:
            return
        spent = self.spent
        self.info = self.info.model_copy(
            update={
                "finished": self.options.budget.progress(spent) >= 1,
                "step": spent.steps,
                "epoch": spent.epochs,
                "seconds": spent.seconds,
                "windows_seen": self.learner.seen["windows"],
                "stacks_seen": self.learner.seen["stacks"],
            }
        )
        save_checkpoint(self.options.run, self.learner, self.info, self.plateau)
        write_info(self.options.run, self.info)


def open_session(options: TrainOptions, reporter: Reporter) -> Session | None:
    """Prepares a training, or goes on with one; None where it is finished already.

    Raises:
        SettingsError: the folder holds another training, or an unfinished one without `resume`.
        DataError: clips or the checkpoint cannot be used.
    """
    recordings = find_recordings(options.data)
    info = options.info(recordings)
    if _is_finished(options, info):
        return None
    spec = replace(options.clip_spec, recorded=recordings.frames_per_second)
    clips = ClipStore(recordings.training, spec)
    held_out = load_clips(recordings.held_out, spec)
    kept = [clip.name for clip in held_out]
    reporter.say(_summary(clips, kept))
    if left_out := [*clips.left_out, *sorted(recordings.held_out.keys() - kept)]:
        reporter.say(_left_out(left_out, spec))
    reporter.say(_seen(options))
    engine = options.engine
    learner = make_learner(options.config, options.rates, options.seed, engine)
    set_dropout(learner.network, options.step.dropout)
    if options.teachers:
        rate = options.frames_per_second
        learner.teacher = open_teachers(options.teachers, options.config, rate, engine)
    batch = held_out_batch(held_out, options.config.clip_frames, options.loader.pseudo)
    session = Session(
        options=options,
        learner=learner,
        loader=Loader(clips, options.loader, (processes.rank(), processes.count())),
        held_out=to_device(batch, engine.device, engine.dtype),
        info=info,
    )
    _begin(session, reporter)
    return session


def _begin(session: Session, reporter: Reporter) -> None:
    """Goes on from the checkpoint, or writes the first run.json."""
    run = session.options.run
    processes.wait_for_all()  # before one of them writes what the others look for
    if (run / CHECKPOINT).exists():
        before, session.plateau = restore(run, session.learner)
        session.seconds = before.seconds
        reporter.say(f"going on after step {before.step}, {before.seconds / 60:.1f} minutes")
    elif processes.rank() == 0:
        run.mkdir(parents=True, exist_ok=True)
        write_info(run, session.info)


def _summary(clips: ClipStore, held_out: list[str]) -> str:
    size, count = sum(clips.sizes), len(clips.sizes)
    kept = "" if clips.held == size else f", {clips.held / 1e6:.0f} MB of them in memory"
    return (
        f"{count} clips with {sum(clips.lengths)} frames ({size / 1e6:.0f} MB{kept}), "
        f"{len(held_out)} held out: {', '.join(held_out)}"
    )


def _left_out(names: list[str], spec: ClipSpec) -> str:
    shown = ", ".join(names[:NAMES]) + (", …" if len(names) > NAMES else "")
    seconds = spec.shortest / spec.frames_per_second
    return f"left out, since they are shorter than {seconds:.1f} s: {len(names)} clips, {shown}"


def _seen(options: TrainOptions) -> str:
    size = f"{options.config.height}x{options.config.width}"
    if options.life is None:
        return f"too little moves to say how large it is; frames are seen at {size}"
    return f"what moves is {options.life:.0%} of a frame's height; frames are seen at {size}"


def _is_finished(options: TrainOptions, info: RunInfo) -> bool:
    before = read_info(options.run)
    if before is None:
        return False
    difference = before.differs(info)
    if difference:
        raise SettingsError(
            f"{options.run} holds another training ({difference}): "
            "choose another --out, or remove that folder"
        )
    spent = Spent(before.seconds, before.epoch, before.step)
    if (
        before.finished
        and _same_kind(before, options.budget)
        and options.budget.progress(spent) >= 1
    ):
        return True
    if not options.resume:
        raise SettingsError(
            f"{options.run} holds a training that ended after step {before.step}: "
            "add --resume to go on, or remove that folder"
        )
    return False


def _same_kind(before: RunInfo, budget: Budget) -> bool:
    """Whether both are counted in minutes, in epochs, or in steps."""
    return all(
        (before.budget.get(name) is None) == (value is None) for name, value in vars(budget).items()
    )
