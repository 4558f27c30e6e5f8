"""What one camera makes of its scores: zones → alarm → event → what is said."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.alerts.event import EndReason, Event, ScoreMessage
from ocrgan_edge.alerts.life import Judgement, Life, Told, shares_of
from ocrgan_edge.clock import MediaClock
from ocrgan_edge.detection.alarm import AlarmState, close, step
from ocrgan_edge.detection.explain import recent_map
from ocrgan_edge.detection.settled import SETTLE_AFTER, Settled
from ocrgan_edge.detection.zones import Zones
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.runtime.scoring import ScoredWindow
from ocrgan_edge.service.rule import Tuning
from ocrgan_edge.service.voice import Voice

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where an anomaly counts, and how a window is made of frames."""

    zones: Zones
    recent: int
    """Newest frames that a score is made of."""
    settle_after: float = SETTLE_AFTER
    """Seconds, see `Settled`."""


class Camera:
    """Turns one camera's scored windows into alerts. Any thread may call; one at a time gets in."""

    def __init__(
        self, voice: Voice, life: Life, clock: MediaClock, outlook: Outlook, tuning: Tuning
    ) -> None:
        """Says that there is no anomaly.

        Args:
            voice: speaks for this camera.
            life: of its events.
            clock: gives wall time for the media time of windows.
            outlook: where anomalies count.
            tuning: when an alarm is raised.
        """
        self.score_interval = 1.0
        """Least seconds between two published scores."""
        self.on_event: Callable[[Event], None] = lambda _: None
        """Called with each step of an event's life."""
        self.on_settled: Callable[[float], None] = lambda _: None
        """Called with the first window, and as it changes: see `settled`."""
        self._voice = voice
        self._life = life
        self._clock = clock
        self._outlook = outlook
        self._tuning = tuning
        self._rule = tuning.rule
        self._settled = Settled(outlook.settle_after, outlook.zones.counts)
        self._settled_told: float | None = None
        self._armed = True
        self._alarm = AlarmState()
        self._newest_at = 0.0
        self._score_due = 0.0
        self._lock = threading.RLock()
        voice.anomaly(False)

    @property
    def tuning(self) -> Tuning:
        """When an alarm is raised."""
        return self._tuning

    @property
    def alarmed(self) -> bool:
        """Whether the newest window belongs to an alarm, or to what may become one."""
        return self._alarm.event is not None or self._alarm.rise is not None

    @property
    def settled(self) -> float:
        """Of the places that count, 0 … 1, how many do not because what is there stays."""
        return self._settled.share

    def forget_settled(self) -> None:
        """All places count again: what was usual is being learned anew."""
        with self._lock:
            self._settled.forget()

    def tune(self, tuning: Tuning) -> None:
        """Goes by this from the next window on; an open event stays open until it is quiet."""
        with self._lock:
            self._tuning, self._rule = tuning, tuning.rule

    def arm(self, armed: bool) -> None:
        """Whether anomalies count; an open event ends when they no longer do."""
        with self._lock:
            self._armed = armed
            if not armed:
                self.end("disabled")

    def take(self, window: ScoredWindow, statistics: LocationStatistics) -> ScoredWindow:
        """Judges the next window.

        Args:
            window: in order of time.
            statistics: by which it was scored.

        Returns:
            The window with what counts in place of the whole.
        """
        with self._lock:
            self._newest_at = window.at
            seen = self._judge(window, statistics)
            self._follow(seen)
            if time.monotonic() >= self._score_due:
                self._score_due = time.monotonic() + self.score_interval
                self._voice.score(self._score_message(seen))
        return replace(window, result=seen.result)

    def end(self, reason: EndReason) -> None:
        """Ends an open event, if there is one, for a reason that lies outside the picture."""
        with self._lock:
            self._alarm, change = close(self._alarm, self._newest_at)
            if change is not None:
                self._tell(self._life.end(change, reason))

    def _judge(self, window: ScoredWindow, statistics: LocationStatistics) -> Judgement:
        whole = recent_map(window.result.anomaly_map, self._outlook.recent)
        self._settle(whole, window.at)
        judged = self._outlook.zones.judge(window.result, statistics, self._settled.places)
        return Judgement(
            at=window.at,
            result=judged.on(window.result),
            zone=judged.zone,
            rule=self._rule,
            recent=self._outlook.recent,
            settled_at=self._settled.newest_at,
        )

    def _settle(self, whole: NDArray[np.float32], at: float) -> None:
        known = self._alarm.event is not None or not self._armed
        self._settled.take(whole, self._rule.release, at, known)
        if self.settled != self._settled_told:
            self._settled_told = self.settled
            self.on_settled(self.settled)

    def _follow(self, seen: Judgement) -> None:
        if not self._armed:
            return
        self._alarm, change = step(self._alarm, self._rule, seen.result.score, seen.at)
        told = self._life.observe(seen, self._alarm, change)
        if told is not None:
            self._tell(told)

    def _tell(self, told: Told) -> None:
        event = told.event
        self._voice.event(event)
        self.on_event(event)
        if told.snapshot is not None:
            self._voice.snapshot(told.snapshot)
        if event.type != "update":
            self._voice.anomaly(event.type == "new")
            _log.info("%s", _sentence(event), extra={"camera": event.camera})

    def _score_message(self, seen: Judgement) -> ScoreMessage:
        return ScoreMessage(
            score=seen.result.score,
            threshold=self._rule.threshold,
            time=self._clock.wall(seen.at),
            media_time=seen.at,
            shares=shares_of(seen.result),
        )


def _sentence(event: Event) -> str:
    state = event.after
    if event.type == "end":
        return (
            f"{event.camera}: anomaly ended after {state.duration:.1f} s ({state.end_reason}), "
            f"peak {state.peak_score:.3g}"
        )
    term, share = max(state.shares, key=lambda pair: pair[1])
    where = "" if state.zone is None else f" in {state.zone}"
    return (
        f"{event.camera}: anomaly{where} since {state.start:%H:%M:%S} UTC, "
        f"score {state.score:.3g} over {state.threshold:.3g}, {share:.0%} {term}"
    )
