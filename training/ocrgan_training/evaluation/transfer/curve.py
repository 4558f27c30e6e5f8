"""Trainings over lengths of recording and of training, and what each detects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ocrgan_training.evaluation.ablation.ablate import CLOCK, RARE
from ocrgan_training.evaluation.ablation.cell import Bench, Cell, Say, do_cell
from ocrgan_training.evaluation.ablation.grid import Grid, Network, Row, budget
from ocrgan_training.evaluation.data_set import load_data_set
from ocrgan_training.evaluation.measure import Settings
from ocrgan_training.evaluation.measure_baselines import measure_baselines
from ocrgan_training.evaluation.transfer.subset import write_subset


@dataclass(frozen=True)
class Question:
    """What is to be found out, for every scene."""

    network: Network
    recording: tuple[float | None, ...]
    """Minutes to learn from; None: all."""
    minutes: tuple[float, ...] = ()
    """Of training; these or `steps`."""
    steps: tuple[int, ...] = ()
    seed: int = 1
    hop: int = 1
    threads: int = 1

    @property
    def budgets(self) -> list[tuple[str, str]]:
        """Option and value of `ocrgan-train`, shortest first."""
        return [budget(m, None) for m in sorted(self.minutes)] + [
            budget(None, s) for s in sorted(self.steps)
        ]


@dataclass(frozen=True)
class Point:
    """One training on one part of a scene's recordings."""

    scene: str
    recording: float
    """Minutes, held-out clips included."""
    budget: str
    """As `10 minutes`."""
    minutes: float
    """That the training took."""
    auc: float | None
    """Causal, micro."""
    pixel_auc: float | None
    """None without masks."""
    events_found: int
    events: int
    false_alarms: int


@dataclass(frozen=True)
class Curves:
    """All points, and per scene the better of the baselines that learn nothing."""

    points: tuple[Point, ...]
    baselines: dict[str, float | None]
    command: str


def answer(question: Question, scenes: Sequence[Path], out: Path, say: Say, command: str) -> Curves:
    """Trains and measures what has not been yet; writes OUT/transfer.json after every training.

    Args:
        question: the lengths.
        scenes: folders in the plain layout, with labels.
        out: where everything lies.
        say: told what is being done.
        command: that was called, for the reader.

    Raises:
        DataError: clips, labels or earlier results cannot be used, or recordings are too short.
        KeyboardInterrupt: it was interrupted; the same call goes on.
    """
    points: list[Point] = []
    baselines: dict[str, float | None] = {}
    for scene in scenes:
        baselines[scene.name] = _baseline(scene)
        for wanted in question.recording:
            label = "all" if wanted is None else f"{wanted:g}min"
            folder = out / "data" / f"{scene.name}-{label}"
            recorded = write_subset(scene, folder, wanted)
            for chosen in question.budgets:
                cell = _cell(question, chosen, folder, out, say)
                points.append(_point(scene.name, recorded, chosen, cell))
                _write(Curves(tuple(points), baselines, command), out)
    return Curves(tuple(points), baselines, command)


def _cell(question: Question, chosen: tuple[str, str], folder: Path, out: Path, say: Say) -> Cell:
    name = f"{chosen[0].strip('-')} {chosen[1]}"
    row = Row(name, folder.name, question.network, (question.seed,))
    grid = Grid((row,), chosen, question.hop)
    sets = {folder.name: load_data_set(folder)}
    return do_cell(Bench(out, grid, folder, sets, question.threads, say), row, question.seed)


def _point(scene: str, recorded: float, chosen: tuple[str, str], cell: Cell) -> Point:
    (figures,) = cell.figures.values()
    return Point(
        scene=scene,
        recording=recorded,
        budget=f"{chosen[1]} {chosen[0].strip('-')}",
        minutes=cell.minutes,
        auc=figures.auc,
        pixel_auc=figures.pixel_auc,
        events_found=figures.events_found,
        events=figures.events,
        false_alarms=figures.false_alarms,
    )


def _baseline(scene: Path) -> float | None:
    measured = measure_baselines(load_data_set(scene), CLOCK, RARE, Settings(), lambda: None)
    found = [one.row.frames["causal"].auc for one in measured]
    return max((value for value in found if value is not None), default=None)


def _write(curves: Curves, out: Path) -> None:
    (out / "transfer.json").write_text(json.dumps(asdict(curves), indent=1) + "\n")


def markdown(curves: Curves) -> str:
    """The table for a page of documentation."""
    lines = [
        "| scene | recording, min | training | took, min "
        "| causal AUC | pixel AUC | events | false alarms |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for one in curves.points:
        lines.append(
            f"| {one.scene} | {one.recording:.1f} | {one.budget} | {one.minutes:.1f} "
            f"| {_text(one.auc)} | {_text(one.pixel_auc)} | {one.events_found} of {one.events} "
            f"| {one.false_alarms} |"
        )
    for scene, auc in curves.baselines.items():
        lines.append(f"| {scene} | – | better baseline | – | {_text(auc)} | – | – | – |")
    return "\n".join([*lines, "", f"Made by `{curves.command}`.", ""])


def _text(auc: float | None) -> str:
    return "–" if auc is None else f"{auc:.3f}"
