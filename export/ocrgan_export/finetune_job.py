"""Fine-tuning as a part of `ocrgan-quantize`: the run's network, then the same quantization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.graph import default_threads
from ocrgan_export.export_run import REFERENCE
from ocrgan_export.finetune import Lessons, finetune
from ocrgan_export.finetune_rounding import ONNX_RULES, OPENVINO_RULES
from ocrgan_export.quantize_job import Job
from ocrgan_export.quantize_search import Judged, Make
from ocrgan_export.run_folder import is_newer
from ocrgan_export.to_onnx import to_onnx
from ocrgan_training.checkpoint import load_network
from ocrgan_training.graph_of import graph_of
from ocrgan_training.machine import prepare

Outcome = Literal["not needed", "taken", "not better"]


@dataclass(frozen=True)
class Trial:
    """What fine-tuning did for one target, all layers in INT8."""

    target: str
    outcome: Outcome
    steps: int
    """That were done; 0 where it was not needed."""
    before: Mapping[str, float]
    """Agreement with FP32 of post-training quantization alone."""
    after: Mapping[str, float] = field(default_factory=dict)
    """The same after fine-tuning, if it was done."""

    def __str__(self) -> str:
        """One sentence."""
        if self.outcome == "not needed":
            return (
                f"{self.target}: reaches all goals as it is, nothing is to be gained by "
                "fine-tuning (--finetune-anyway does it all the same)"
            )
        better = "and is taken" if self.outcome == "taken" else "and is not taken: no better"
        ranks = [one["spearman_windows"] for one in (self.before, self.after)]
        return (
            f"{self.target}: fine-tuned in {self.steps} steps {better} "
            f"(rank correlation {ranks[0]:.4f} before, {ranks[1]:.4f} after)"
        )


@dataclass(frozen=True)
class Tried:
    """The better of two graphs with all layers in INT8, and what makes more of its kind."""

    best: Judged
    job: Job
    make: Make
    trial: Trial | None = None


def try_finetuning(plain: Tried, target: str, steps: int) -> Tried:
    """Fine-tunes for a target, quantizes as before, and compares with FP32 as before.

    Args:
        plain: what post-training quantization alone has given.
        target: of INT8.
        steps: windows that are learned from, one after the other.

    Raises:
        DataError: the network was trained further since it was exported.
    """
    tuned = finetuned(plain.job, target, steps)
    make = tuned.maker(target)
    judged = tuned.judge(make(()))
    judged = replace(judged, measured=replace(judged.measured, finetuned=steps))
    parities = plain.best.measured.parity, judged.measured.parity
    if judged.used < plain.best.used:
        return Tried(judged, tuned, make, Trial(target, "taken", steps, *parities))
    return replace(plain, trial=Trial(target, "not better", steps, *parities))


def finetuned(job: Job, target: str, steps: int) -> Job:
    """The same job with the graph of the fine-tuned network.

    Raises:
        DataError: the network was trained further since it was exported.
    """
    run = job.run
    if not is_newer(run.graph_files(REFERENCE), [run.checkpoint]):
        raise DataError(
            f"{run.path} was trained after it was exported, so that its FP32 graph cannot teach "
            "its network: call ocrgan-export first"
        )
    network, _ = load_network(run.path)
    rules = ONNX_RULES if target.startswith("onnx") else OPENVINO_RULES
    lessons = Lessons(job.windows, job.edited, job.reference.measured.statistics, steps)
    prepare(job.material.threads or default_threads())
    told = job.step(f"fine-tuning for {target}", steps)
    student = finetune(graph_of(network), job.ranges_as_trained, rules, lessons, told)
    return job.of(to_onnx(graph_of(student)))
