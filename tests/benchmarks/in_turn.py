"""Times that can be compared on a machine that is busy: everything takes its turn, again and again.

A round runs every candidate once. What disturbs a round disturbs all of them, so that ratios
within a round hold where times do not; processor time leaves out what others took.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles

Seconds = dict[str, list[float]]
"""Of each candidate, a value per round."""
FEWEST, MOST = 5, 40
"""Rounds."""


@dataclass(frozen=True)
class Ratio:
    """How many times faster one is than another."""

    median: float
    low: float
    """A quarter of the rounds gave less."""
    high: float
    """A quarter of the rounds gave more."""


class Race:
    """Candidates that take turns."""

    def __init__(
        self, candidates: Mapping[str, Callable[[], object]], clock: Callable[[], float]
    ) -> None:
        """`clock`: time.process_time for one thread; time.perf_counter for more."""
        self._candidates = candidates
        self._clock = clock
        self.seconds: Seconds = {name: [] for name in candidates}

    def round(self) -> None:
        """Every candidate once."""
        for name, run in self._candidates.items():
            start = self._clock()
            run()
            self.seconds[name].append(self._clock() - start)


def rounds_in(race: Race, seconds: float) -> int:
    """As many as there is time for, 5 to 40; what it took to find out is not counted."""
    start = time.perf_counter()
    race.round()
    each = time.perf_counter() - start
    for values in race.seconds.values():
        values.clear()
    return max(FEWEST, min(MOST, round(seconds / each)))


def times_faster(seconds: Seconds, name: str, than: str) -> Ratio:
    """Ratios within each round: above 1 where `name` is faster.

    Raises:
        ValueError: they did not run in the same rounds, of which there must be two.
    """
    pairs = list(zip(seconds[than], seconds[name], strict=True))
    low, _, high = quantiles((slow / fast for slow, fast in pairs), n=4, method="inclusive")
    return Ratio(median(slow / fast for slow, fast in pairs), low, high)


def clock_for(threads: int) -> Callable[[], float]:
    """Processor time says how long a window takes only where one thread does all of it."""
    return time.process_time if threads == 1 else time.perf_counter
