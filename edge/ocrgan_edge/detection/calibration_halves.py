"""What the two halves of a camera's calibration gather, and what they leave out."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.explain import RECENT
from ocrgan_edge.detection.term_statistics import TermStatistics
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.scorer import LocationStatistics

FEW = 0.05
"""Share of windows within an alarm that is left out without a word."""
MANY = 0.5
"""An alarm that holds for more than this share of the time is no anomaly: it is how normal life
looks to statistics that were made elsewhere. Then nothing is left out."""
MOST_ALARMS = 3
"""Alarms in the second half that are left out. More are no anomalies either, but what normal life
does at a threshold that was made elsewhere: without them the new one would be as low."""


class FirstHalf:
    """First half: statistics without alarms, and with them in case they turn out to be normal."""

    def __init__(self, recent: int = RECENT) -> None:
        """Starts with nothing; `recent`: newest frames that count."""
        self._windows, self._alarmed = 0, 0
        self._usual, self._all = TermStatistics(recent), TermStatistics(recent)

    def add(self, terms: NDArray[np.float32], alarmed: bool) -> None:
        """Takes a window's terms (K, T, h, w), within an alarm (or what may become one) or not."""
        self._windows += 1
        self._alarmed += alarmed
        self._all.add(terms)
        if not alarmed:
            self._usual.add(terms)

    @property
    def _share(self) -> float:
        return self._alarmed / max(self._windows, 1)

    def statistics(self) -> LocationStatistics:
        """What is usual at each place."""
        return (self._usual if self._share <= MANY else self._all).statistics()

    def said(self) -> str | None:
        """What was left out or taken in, as a sentence; None for little or nothing."""
        if self._share <= FEW:
            return None
        what = f"{self._share:.0%} of the first half lay within an alarm and was"
        return _left_out(what) if self._share <= MANY else _taken(what)


class SecondHalf:
    """Second half: scores of the picture's parts in order of time, in runs without a gap."""

    def __init__(self) -> None:
        """Starts with nothing."""
        self._parts = 1
        self._scores = array("f")  # the graph's own precision
        self._alarmed, self._follows = bytearray(), bytearray()

    @property
    def windows(self) -> int:
        """How many were taken."""
        return len(self._alarmed)

    def add(self, parts: NDArray[np.float64], alarmed: bool, follows: bool) -> None:
        """Takes a window.

        Args:
            parts: scores of the picture's parts; −inf where no place in one counts.
            alarmed: it lies within an alarm, or in a rise that may become one.
            follows: on the window before, without a gap.

        Raises:
            DataError: the largest is not a finite number.
        """
        if not np.isfinite(parts.max()):
            raise DataError(f"a normal window's score is {parts.max()}, not a finite number")
        self._parts = len(parts)
        self._scores.extend(parts)
        self._alarmed.append(alarmed)
        self._follows.append(follows)

    def runs(self, needed: int) -> list[NDArray[np.float64]]:
        """The scores (n, parts) that count as normal life, in runs that nothing interrupts.

        Args:
            needed: windows in a row that make an alarm.
        """
        if not self.windows:
            return []
        scores = np.frombuffer(self._scores, np.float32).reshape(-1, self._parts).astype(np.float64)
        normal = np.ones(self.windows, np.bool_)
        alarms = self._alarms(needed)
        if self._leaves_out(alarms):
            for first, end in alarms:
                normal[first:end] = False
        begins = ~np.frombuffer(self._follows, np.bool_) | ~normal
        pieces = np.split(np.arange(self.windows), np.flatnonzero(begins))
        return [scores[kept] for piece in pieces if (kept := piece[normal[piece]]).size]

    def said(self, needed: int) -> str | None:
        """What was left out or taken in, as a sentence; None without an alarm."""
        alarms = self._alarms(needed)
        if not alarms:
            return None
        number = "1 alarm" if len(alarms) == 1 else f"{len(alarms)} alarms"
        share = self._share(alarms)
        verb = "was" if len(alarms) == 1 else "were"
        what = f"{number} of the second half, {share:.1%} of it, {verb}"
        return _left_out(what) if self._leaves_out(alarms) else _taken(what)

    def _alarms(self, needed: int) -> list[tuple[int, int]]:
        """First window and end of what lasted as long as an alarm: all else was a rise only."""
        edges = np.diff(np.frombuffer(self._alarmed, np.int8), prepend=0, append=0)
        spans = zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
        return [(int(first), int(end)) for first, end in spans if end - first >= needed]

    def _share(self, alarms: list[tuple[int, int]]) -> float:
        return sum(end - first for first, end in alarms) / max(self.windows, 1)

    def _leaves_out(self, alarms: list[tuple[int, int]]) -> bool:
        return len(alarms) <= MOST_ALARMS and self._share(alarms) <= MANY


def _left_out(what: str) -> str:
    return f"{what} left out: calibrate again if that was normal life"


def _taken(what: str) -> str:
    return f"{what} taken for normal life: calibrate again if it was not"
