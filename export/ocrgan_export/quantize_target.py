"""One INT8 target: plain, then fine-tuned where that was asked for, then with layers in float."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ocrgan_edge.errors import SettingsError
from ocrgan_export.export_run import REFERENCE
from ocrgan_export.finetune_job import Trial, Tried, try_finetuning
from ocrgan_export.quantize_job import Job, load_finetuned, load_kept, save_judged
from ocrgan_export.quantize_search import Judged, search
from ocrgan_export.run_folder import is_newer, load_graph
from ocrgan_export.sensitivity import LayerError


@dataclass(frozen=True)
class Wanted:
    """How a target may be made."""

    mixed: bool = True
    """Whether layers may stay in float where all in INT8 does not rank as FP32 does."""
    finetune: int = 0
    """Steps of fine-tuning where post-training quantization misses a goal; 0 for none."""
    anyway: bool = False
    """Whether to fine-tune even where no goal is missed."""
    force: bool = False
    """Whether to make a graph that is there already."""

    def __post_init__(self) -> None:
        """Refuses what cannot be done."""
        if self.finetune < 0:
            raise SettingsError(f"--finetune is {self.finetune}, wanted 0 or more steps")
        if self.anyway and not self.finetune:
            raise SettingsError("--finetune-anyway wants --finetune STEPS beside it: for how long")


@dataclass(frozen=True)
class Made:
    """A target's graph, and how it came to be."""

    judged: Judged
    trial: Trial | None = None
    errors: list[LayerError] | None = None
    """Of each layer, where layers had to be chosen."""


def make_target(job: Job, target: str, wanted: Wanted) -> Made:
    """The graph that is there, or a new one, which is saved."""
    if not (wanted.force or wanted.finetune) and is_newer(
        job.run.graph_files(target), job.run.graph_files(REFERENCE)
    ):
        return Made(_there(job, target))
    make = job.maker(target)
    tried = _finetuned(Tried(job.judge(make(())), job, make), target, wanted)
    mixed = wanted.mixed and not tried.best.passed
    best = _mixed(tried) if mixed else tried.best
    save_judged(job.run, best)
    return Made(best, tried.trial, tried.job.errors if mixed else None)


def _there(job: Job, target: str) -> Judged:
    found = job.judge(load_graph(job.run, target))
    kept, steps = load_kept(job.run, target), load_finetuned(job.run, target)
    measured = replace(found.measured, kept=kept, finetuned=steps)
    return replace(found, measured=measured, kept=tuple(kept))


def _finetuned(plain: Tried, target: str, wanted: Wanted) -> Tried:
    if not wanted.finetune:
        return plain
    if plain.best.passed and not wanted.anyway:
        return replace(plain, trial=Trial(target, "not needed", 0, plain.best.measured.parity))
    return try_finetuning(plain, target, wanted.finetune)


def _mixed(tried: Tried) -> Judged:
    job = tried.job
    best = search(tried.best, job.errors, tried.make, job.judge)
    kept = {error.layer: error.error for error in job.errors if error.layer in best.kept}
    steps = tried.best.measured.finetuned
    return replace(best, measured=replace(best.measured, kept=kept, finetuned=steps))
