"""What must hold before a graph may leave the house, measured and told with numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from rich.table import Table
from sklearn.metrics import roc_auc_score

from ocrgan_edge.runtime.agreement import SPEARMAN
from ocrgan_edge.runtime.scorer import WindowScore
from ocrgan_training.fused_graph import ScoringGraph

ONNX_TOLERANCE = 1e-4
"""Of every output of the ONNX graph against PyTorch, relative to that output's size (of 1)."""

HALF_TOLERANCE = 0.1
"""Of each term of OpenVINO's graph, whose weights have 16 bits, against the ONNX graph's: root mean
square of the difference, relative to that of the term. Rounding weights makes 0.001 to 0.004 of it,
a graph that computes something else 1 and more."""

INT8_SHARE = 0.95
"""Of the multiply-accumulates."""

ALARM_AGREEMENT = 0.99
"""Share of windows that are above both thresholds or below both."""

AUC_DIFFERENCE = 0.005
"""On held-out windows, some of them with something wrong in them."""

LEAST_RANKS, MOST_AUC = 0.9, 0.05
"""Beyond these a graph is not its network rounded but another one, and is kept out of a bundle."""


@dataclass(frozen=True, slots=True)
class Check:
    """One figure and what it has to be."""

    target: str
    what: str
    value: float
    limit: float
    wanted: Literal["at most", "at least"]
    required: bool
    """False: a goal, whose failure is only told (unless the user is strict)."""
    about: str = ""
    """What to look at where it fails."""

    @property
    def passed(self) -> bool:
        """Whether the value keeps its limit; no number never does."""
        return self.value <= self.limit if self.wanted == "at most" else self.value >= self.limit

    @property
    def used(self) -> float:
        """How much of what the limit allows is used: 0 is perfect, above 1 is missed.

        What is wanted at least is a share of 1.
        """
        if self.wanted == "at most":
            used = self.value / self.limit
        else:
            used = (1 - self.value) / (1 - self.limit)
        return used if used == used else float("inf")

    def __str__(self) -> str:
        """One sentence with value, limit and distance."""
        missed = "" if self.passed else f", missed by {abs(self.value - self.limit):.4g}"
        about = f" ({self.about})" if self.about and not self.passed else ""
        return (
            f"{self.target}: {self.what} is {self.value:.4g}, wanted {self.wanted} "
            f"{self.limit:g}{missed}{about}"
        )


def torch_difference(
    graph: ScoringGraph, windows: Sequence[NDArray[np.uint8]], found: Sequence[WindowScore]
) -> float:
    """Largest difference of any output to PyTorch's, relative where an output is above 1.

    Args:
        graph: the fused graph.
        windows: (T, H, W, 3) each.
        found: what the exported graph gives for them under neutral statistics.
    """
    grid = torch.ones((len(graph.term_weights), *graph.grid))
    largest = 0.0
    for window, score in zip(windows, found, strict=True):
        with torch.inference_mode():
            wanted = graph.over(torch.from_numpy(window)[None], torch.zeros_like(grid), grid)
        for name, tensor in wanted._asdict().items():
            if tensor is None:  # this network has no such output
                continue
            value = tensor.numpy()
            difference = np.abs(np.asarray(getattr(score, name)) - value).max()
            largest = max(largest, float(difference / max(1.0, np.abs(value).max())))
    return largest


def term_difference(found: Sequence[WindowScore], wanted: Sequence[WindowScore]) -> float:
    """How far two graphs of the same network are apart in the term that they differ in most.

    Root mean square of the difference relative to that of the term, over all windows. A score can
    agree where a term that counts little in it does not; a term that is 0 everywhere is left out.
    """
    one, other = (np.stack([score.terms for score in scores]) for scores in (found, wanted))
    axes = (0, *range(2, one.ndim))
    differs, size = ((values**2).mean(axes, dtype=float) for values in (one - other, other))
    return float(np.sqrt(differs[size > 0] / size[size > 0]).max(initial=0.0))


def auc_difference(
    one: Sequence[WindowScore], other: Sequence[WindowScore], abnormal: NDArray[np.bool_]
) -> float:
    """|ΔAUC| of two targets that tell the same abnormal windows from the same normal ones.

    0 where there are none of one kind.
    """
    if abnormal.all() or not abnormal.any():
        return 0.0
    both = [roc_auc_score(abnormal, [score.score for score in scores]) for scores in (one, other)]
    return float(abs(both[0] - both[1]))


GOALS_OF = {"spearman_windows", "alarm_agreement", "auc_difference"}
"""What `parity_checks` needs to know."""


def parity_checks(target: str, parity: Mapping[str, float]) -> list[Check]:
    """The goals of a target that ought to rank and alarm as the reference does."""
    ranks, alarms = parity["spearman_windows"], parity["alarm_agreement"]
    auc = parity["auc_difference"]
    return [
        Check(target, "rank correlation with FP32", ranks, SPEARMAN, "at least", False),
        Check(target, "alarm agreement with FP32", alarms, ALARM_AGREEMENT, "at least", False),
        Check(target, "AUC difference to FP32", auc, AUC_DIFFERENCE, "at most", False),
    ]


def broken_checks(target: str, parity: Mapping[str, float]) -> list[Check]:
    """What a target fails by that must not be in a bundle, however fast it is."""
    ranks, auc = parity["spearman_windows"], parity["auc_difference"]
    checks = (
        Check(target, "rank correlation with FP32", ranks, LEAST_RANKS, "at least", True),
        Check(target, "AUC difference to FP32", auc, MOST_AUC, "at most", True),
    )
    return [check for check in checks if not check.passed]


def share_check(target: str, share: float, floats: str) -> Check:
    """The goal for speed; `floats` names what stays in float."""
    return Check(target, "INT8 share of MACs", share, INT8_SHARE, "at least", False, floats)


def table_of(checks: Sequence[Check]) -> Table:
    """All checks for a person to read."""
    table = Table("target", "what", title="gates")
    for column in ("value", "wanted", ""):
        table.add_column(column, justify="right")
    for check in checks:
        verdict = "ok" if check.passed else ("FAILED" if check.required else "missed")
        color = "green" if check.passed else ("red" if check.required else "yellow")
        wanted = f"{'≤' if check.wanted == 'at most' else '≥'} {check.limit:g}"
        value = f"{check.value:.4g}"
        table.add_row(check.target, check.what, value, wanted, f"[{color}]{verdict}[/]")
    return table
