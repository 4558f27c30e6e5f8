"""From all layers in INT8 to some in float, until INT8 ranks as FP32 does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ocrgan_edge.runtime.graph import Graph
from ocrgan_export.gates import INT8_SHARE, Check
from ocrgan_export.measure import Measured
from ocrgan_export.sensitivity import LayerError, choices

MOST_IN_FLOAT = 0.15
"""Of the multiply-accumulates, where the share that INT8 ought to have does not suffice for the
ranks: right ranks come before speed, but a graph half in float is no INT8 graph."""

Make = Callable[[Sequence[str]], Graph]
"""Makes an INT8 graph in which these layers are in float."""


@dataclass(frozen=True)
class Judged:
    """An INT8 graph, measured and compared with FP32."""

    measured: Measured
    parity: list[Check]
    share: Check
    kept: tuple[str, ...] = ()
    """Layers in float, besides what always is."""

    @property
    def passed(self) -> bool:
        """Whether it ranks and alarms as FP32 does, whatever its speed."""
        return all(check.passed for check in self.parity)

    @property
    def used(self) -> float:
        """Of what the goals allow, by the goal that is worst: above 1 one is missed."""
        return max(check.used for check in self.parity)


Judge = Callable[[Graph], Judged]


def search(plain: Judged, errors: Sequence[LayerError], make: Make, judge: Judge) -> Judged:
    """The first choice of layers to keep in float that passes; if none does, the least far off.

    How far is told by the goal that is worst, of ranks, alarms and AUC.

    Args:
        plain: the graph with all layers in INT8.
        errors: of all layers, the worst first.
        make: makes a mixed graph.
        judge: measures it.
    """
    best = plain
    for kept in _tries(errors, plain.share.value):
        if best.passed:
            break
        found = replace(judge(make(kept)), kept=kept)
        if found.used < best.used:
            best = found
    return best


def _tries(errors: Sequence[LayerError], share: float) -> Iterator[tuple[str, ...]]:
    """First such that INT8 keeps its share of the multiplications, then beyond."""
    done: set[tuple[str, ...]] = set()
    for budget in (share - INT8_SHARE, MOST_IN_FLOAT):
        for kept in choices(errors, budget):
            if kept not in done:
                done.add(kept)
                yield kept
