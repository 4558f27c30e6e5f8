"""When scores become an alarm, and when it ends: a pure step, state in, state out.

An alarm is raised when the score has stayed above the threshold for the minimum duration (and for
at least two windows), and ends when it has stayed below the release for the cool-down. Between
release and threshold nothing changes (hysteresis). Anomalies that follow each other more closely
than the cool-down are therefore one event. After an end the hold-off keeps the next event from
beginning: events never overlap, and lie at least the hold-off apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

RELEASE_SHARE = 0.7
"""Of the way from the median normal score to the threshold: where an alarm may end."""

MINIMUM_DURATION = 0.8
"""Seconds above the threshold that an alarm takes, if nobody says otherwise."""

COOL_DOWN = 2.0
"""Seconds below the release that its end takes, if nobody says otherwise."""

FEWEST_WINDOWS = 2

SLOW_WINDOWS = 3

LONGEST_GAP = 10.0
"""Seconds."""

ROUNDING = 1e-6
"""Seconds forgiven to sums of frame times."""


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """What raises and ends an alarm."""

    threshold: float
    """Score above which a window speaks for an alarm."""

    release: float
    """Score below which a window speaks for the alarm's end; not above `threshold`."""

    minimum_duration: float = MINIMUM_DURATION
    """Seconds above the threshold that an alarm takes."""

    cool_down: float = COOL_DOWN
    """Seconds below the release that its end takes."""

    hold_off: float = 0.0
    """Seconds after an alarm's end was decided in which no other begins."""

    longest_gap: float = LONGEST_GAP
    """Seconds without a window after which nothing is known to have lasted. Where windows come
    more slowly by themselves, three times their shortest distance."""

    def __post_init__(self) -> None:
        """Checks the values.

        Raises:
            ValueError: a duration is negative, or `release` is above `threshold`.
        """
        if not self.release <= self.threshold:
            raise ValueError(f"release is {self.release}, above the threshold {self.threshold}")
        for name in ("minimum_duration", "cool_down", "hold_off", "longest_gap"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)} s, but must not be negative")


def release_level(threshold: float, median: float) -> float:
    """The release that goes with a threshold: median + 0.7 · (threshold − median).

    Never above the threshold, even where that is set below the median.
    """
    return min(threshold, median + RELEASE_SHARE * (threshold - median))


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """One alarm from its first window on."""

    started_at: float
    """Media time of the first window above the threshold, in seconds."""

    raised_at: float
    """Media time of the window that raised the alarm."""

    peak: float
    """Largest score so far."""

    peak_at: float

    ended_at: float | None = None
    """Media time of the last window that was not below the release; None while it is open."""

    @property
    def duration(self) -> float | None:
        """Seconds from start to end, once it has ended."""
        return None if self.ended_at is None else self.ended_at - self.started_at


@dataclass(frozen=True, slots=True)
class AlarmState:
    """What has to be remembered between two windows; `AlarmState()` at the start."""

    event: AlarmEvent | None = None
    """The open alarm."""

    rise: AlarmEvent | None = None
    """What will be an alarm if it lasts: the present run of windows above the threshold."""

    windows: int = 0
    """Windows in that run."""

    not_below_at: float = 0.0
    """The last window of the open alarm that was not below the release."""

    below_since: float | None = None
    """Since when every window of the open alarm has been below the release."""

    ended_at: float | None = None
    """When the end of the newest alarm was decided: the hold-off counts from there."""

    newest_at: float | None = None

    interval: float = math.inf
    """Shortest time between two windows so far."""


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm that was raised or has ended with this window."""

    kind: Literal["raised", "ended"]

    event: AlarmEvent

    at: float
    """Media time of the window that decided it."""

    @property
    def raised(self) -> bool:
        """Whether it begins an alarm; else it ends one."""
        return self.kind == "raised"

    @property
    def start(self) -> float:
        """Media time of the alarm's first window."""
        return self.event.started_at

    @property
    def end(self) -> float:
        """Media time of the last window not below the release; of a raised alarm, the newest."""
        return self.at if self.event.ended_at is None else self.event.ended_at


def step(
    state: AlarmState, rule: AlarmRule, score: float, at: float
) -> tuple[AlarmState, Change | None]:
    """Takes the next window's score.

    Args:
        state: after the window before; `AlarmState()` at the start.
        rule: may change from window to window.
        score: of this window.
        at: its media time in seconds, not before the last one's.

    Returns:
        The new state, and the alarm that was raised or has ended, if any.
    """
    state = _note_time(state, rule, at)
    if state.event is None:
        return _wait(state, rule, score, at)
    return _go_on(state, state.event, rule, score, at)


def close(state: AlarmState, at: float) -> tuple[AlarmState, Change | None]:
    """Ends an open alarm: the camera is disarmed, the source has ended or the daemon stops.

    Returns:
        A state that remembers nothing but the hold-off, and the alarm that has ended, if any.
    """
    if state.event is None:
        return AlarmState(ended_at=state.ended_at), None
    ended_at = at if state.below_since is None else state.not_below_at
    return AlarmState(ended_at=at), Change("ended", replace(state.event, ended_at=ended_at), at)


def _note_time(state: AlarmState, rule: AlarmRule, at: float) -> AlarmState:
    if state.newest_at is None:
        return replace(state, newest_at=at)
    passed = at - state.newest_at
    interval = min(state.interval, passed)
    if passed > max(rule.longest_gap, SLOW_WINDOWS * interval):
        state = replace(state, rise=None, below_since=None)
    return replace(state, newest_at=at, interval=interval)


def _wait(
    state: AlarmState, rule: AlarmRule, score: float, at: float
) -> tuple[AlarmState, Change | None]:
    if not score > rule.threshold or _held_off(state, rule, at):
        return replace(state, rise=None, windows=0), None
    rise = AlarmEvent(at, at, score, at) if state.rise is None else _grown(state.rise, score, at)
    windows = 1 if state.rise is None else state.windows + 1
    lasted = at - rise.started_at >= rule.minimum_duration - ROUNDING
    if windows < FEWEST_WINDOWS or not lasted:
        return replace(state, rise=rise, windows=windows), None
    event = replace(rise, raised_at=at)
    raised = replace(state, event=event, rise=None, windows=0, not_below_at=at, below_since=None)
    return raised, Change("raised", event, at)


def _held_off(state: AlarmState, rule: AlarmRule, at: float) -> bool:
    """A media time before the end is that of another source: it is not held off."""
    return state.ended_at is not None and 0 <= at - state.ended_at < rule.hold_off - ROUNDING


def _go_on(
    state: AlarmState, event: AlarmEvent, rule: AlarmRule, score: float, at: float
) -> tuple[AlarmState, Change | None]:
    event = _grown(event, score, at)
    if not score < rule.release:
        return replace(state, event=event, not_below_at=at, below_since=None), None
    below_since = at if state.below_since is None else state.below_since
    if at - below_since < rule.cool_down - ROUNDING:
        return replace(state, event=event, below_since=below_since), None
    ended = replace(event, ended_at=state.not_below_at)
    quiet = replace(state, event=None, below_since=None, ended_at=at)
    return quiet, Change("ended", ended, at)


def _grown(event: AlarmEvent, score: float, at: float) -> AlarmEvent:
    return replace(event, peak=score, peak_at=at) if score > event.peak else event
