"""Were the alerts right? Events that were published against what really happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ocrgan_edge.alerts.event import Event

AFTERGLOW = 2.0
"""Seconds after an anomaly in which an alert for it may still begin: windows reach back."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something out of the ordinary that really happened."""

    kind: str
    start: float
    """Media time in seconds."""
    end: float


@dataclass(frozen=True, slots=True)
class Alert:
    """An event as a subscriber saw it."""

    start: float
    """Media time of its first window."""
    raised: float
    """Media time at which `new` was published."""
    end: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """How alerts and happenings fit together."""

    delays: tuple[float | None, ...]
    """Per happening: seconds from its start to the first alert for it; None if there was none."""
    false_alerts: tuple[Alert, ...]
    """Alerts outside of any happening."""

    @property
    def good(self) -> bool:
        """Whether every happening was told and nothing else."""
        return None not in self.delays and not self.false_alerts


def runs(present: Sequence[bool], longest_gap: int) -> list[tuple[int, int]]:
    """First and last frame of each stretch in which something is there.

    Args:
        present: per frame.
        longest_gap: frames for which it may be hidden, behind a tree for example.
    """
    stretches: list[tuple[int, int]] = []
    for number in (number for number, there in enumerate(present) if there):
        if stretches and number - stretches[-1][1] <= longest_gap + 1:
            stretches[-1] = (stretches[-1][0], number)
        else:
            stretches.append((number, number))
    return stretches


def alerts_of(events: Iterable[Event]) -> list[Alert]:
    """One alert per event that has ended, in the order of their `new` messages."""
    raised: dict[str, float] = {}
    alerts = []
    for event in events:
        state = event.after
        if event.type == "new":
            raised[event.event_id] = state.media_start + state.duration
        elif event.type == "end" and state.media_end is not None:
            alerts.append(Alert(state.media_start, raised[event.event_id], state.media_end))
    return alerts


def judge(happenings: Sequence[Happening], alerts: Sequence[Alert]) -> Verdict:
    """Matches alerts with what happened: they belong together if they overlap in time."""
    delays = [
        min(
            (max(0.0, alert.raised - it.start) for alert in alerts if _tells(alert, it)),
            default=None,
        )
        for it in happenings
    ]
    false = [alert for alert in alerts if not any(_tells(alert, it) for it in happenings)]
    return Verdict(tuple(delays), tuple(false))


def _tells(alert: Alert, it: Happening) -> bool:
    return alert.start <= it.end + AFTERGLOW and alert.end >= it.start
