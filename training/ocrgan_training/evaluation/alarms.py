"""What a user would have been told: the daemon's alarms against the labelled events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.alarm import AlarmEvent, AlarmRule, AlarmState, close, step
from ocrgan_training.evaluation.metrics import poisson_upper_bound, runs
from ocrgan_training.evaluation.protocol import ClipScores

GRACE = 1.0
"""Seconds before an event's first frame and after its last in which an alarm that is raised still
counts as its alarm. Labels are coarse, an alarm needs its minimum duration, and a window still
holds the event's frames. An alarm that was raised earlier is a false one, however long it stays on:
one that is always on finds nothing."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A labelled event in seconds of media time, and when its alarm came."""

    start: float
    end: float
    raised_at: float | None
    """Of the first true alarm that was on during it; None if it was missed."""

    @property
    def delay(self) -> float | None:
        """Seconds until the alarm; 0 where one was on already."""
        return None if self.raised_at is None else max(0.0, self.raised_at - self.start)


@dataclass(frozen=True, slots=True)
class ClipAlarms:
    """One clip's alarms and events."""

    alarms: tuple[AlarmEvent, ...]
    true: tuple[AlarmEvent, ...]
    """Those that were raised during an event, or within the grace around it."""
    intervals: tuple[Interval, ...]
    on: NDArray[np.bool_]
    """(frames,), whether an alarm was on."""
    normal_seconds: float


@dataclass(frozen=True, slots=True)
class AlarmFigures:
    """Detection at the calibrated threshold; None where nothing was there to measure it from."""

    threshold: float
    events: int
    found: int
    recall: float | None
    """Share of labelled events during which a true alarm was on."""
    median_delay: float | None
    """Seconds from an event's first frame to its alarm, of those found."""
    alarms: int
    false_alarms: int
    normal_hours: float
    false_alarms_per_hour: float | None
    false_alarms_per_hour_bound: float | None
    """95 % Poisson bound (one-sided)."""
    precision: float | None
    """Of frames: share of those with an alarm on that are abnormal."""
    frame_recall: float | None
    """Of frames: share of the abnormal ones with an alarm on."""
    f1: float | None
    """Of frames."""


def alarms_of(clip: ClipScores, rule: AlarmRule) -> tuple[AlarmEvent, ...]:
    """The alarms that the daemon raises on a clip, all ended."""
    state, ended = AlarmState(), list[AlarmEvent]()
    for score, at in zip(clip.score.tolist(), clip.at.tolist(), strict=True):
        state, change = step(state, rule, score, at)
        if change is not None and not change.raised:
            ended.append(change.event)
    _, change = close(state, float(clip.at[-1]) if clip.at.size else 0.0)
    return (*ended, change.event) if change is not None else tuple(ended)


def clip_alarms(clip: ClipScores, labels: NDArray[np.bool_], rule: AlarmRule) -> ClipAlarms:
    """Compares a clip's alarms with its labels (frames,)."""
    alarms = alarms_of(clip, rule)
    rate = clip.frames_per_second
    spans = [(first / rate, end / rate) for first, end in runs(labels)]
    on = np.zeros(clip.frames, np.bool_)
    for alarm in alarms:
        on |= (clip.times >= alarm.raised_at) & (clip.times <= _ended(alarm))
    true = tuple(alarm for alarm in alarms if any(_raised_for(alarm, *span) for span in spans))
    return ClipAlarms(
        alarms=alarms,
        true=true,
        intervals=tuple(Interval(*span, first_alarm(true, *span)) for span in spans),
        on=on,
        normal_seconds=float(np.count_nonzero(~labels)) / rate,
    )


def first_alarm(alarms: tuple[AlarmEvent, ...], start: float, end: float) -> float | None:
    """When the first alarm that was on between `start` and `end` (plus grace) was raised."""
    during = (
        alarm for alarm in alarms if alarm.raised_at <= end + GRACE and _ended(alarm) >= start
    )
    return min((alarm.raised_at for alarm in during), default=None)


def alarm_figures(
    clips: Mapping[str, ClipAlarms], labels: Mapping[str, NDArray[np.bool_]], threshold: float
) -> AlarmFigures:
    """Figures over clips, all alarms counted together."""
    intervals = [interval for clip in clips.values() for interval in clip.intervals]
    delays = [interval.delay for interval in intervals if interval.delay is not None]
    on = np.concatenate([clips[name].on for name in clips])
    abnormal = np.concatenate([labels[name] for name in clips])
    hits = int(np.count_nonzero(on & abnormal))
    hours = sum(clip.normal_seconds for clip in clips.values()) / 3600
    false = sum(len(clip.alarms) - len(clip.true) for clip in clips.values())
    return AlarmFigures(
        threshold=threshold,
        events=len(intervals),
        found=len(delays),
        recall=_share(len(delays), len(intervals)),
        median_delay=float(np.median(delays)) if delays else None,
        alarms=sum(len(clip.alarms) for clip in clips.values()),
        false_alarms=false,
        normal_hours=hours,
        false_alarms_per_hour=_share(false, hours),
        false_alarms_per_hour_bound=_share(poisson_upper_bound(false), hours),
        precision=_share(hits, int(np.count_nonzero(on))),
        frame_recall=_share(hits, int(np.count_nonzero(abnormal))),
        f1=_share(2 * hits, int(np.count_nonzero(on)) + int(np.count_nonzero(abnormal))),
    )


def _raised_for(alarm: AlarmEvent, start: float, end: float) -> bool:
    return start - GRACE <= alarm.raised_at <= end + GRACE


def _ended(alarm: AlarmEvent) -> float:
    return alarm.raised_at if alarm.ended_at is None else alarm.ended_at


def _share(part: int | float, whole: int | float) -> float | None:
    return part / whole if whole else None
