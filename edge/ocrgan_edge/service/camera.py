"""One camera's life: frames → scores → alarm → what is published."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ocrgan_edge.alerts.event import EndReason, Event, ScoreMessage, to_json
from ocrgan_edge.alerts.life import Life, Origin, shares_of
from ocrgan_edge.alerts.publisher import Publisher
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.clock import MediaClock
from ocrgan_edge.detection.alarm import AlarmState, close, step
from ocrgan_edge.errors import SourceError
from ocrgan_edge.runtime.scoring import ScoredWindow

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Intervals:
    """How often a camera speaks at most."""

    score: float = 1.0
    """Seconds between two published scores."""

    update: float = 2.0
    """Seconds of media time between two messages of an open event."""


class Camera:
    """Turns one camera's scored windows into alerts."""

    def __init__(
        self,
        origin: Origin,
        voice: tuple[Publisher, Topics],
        clock: MediaClock,
        intervals: Intervals,
    ) -> None:
        """Says nothing yet.

        Args:
            origin: name of the camera, rule of its alarm, model.
            voice: where alerts go, which stays open, and the node's topics.
            clock: gives wall time for the media time of windows.
            intervals: how often it speaks.
        """
        self._origin = origin
        self._publisher, self._topics = voice
        self._clock = clock
        self._score_interval = intervals.score
        self._life = Life(origin, clock, intervals.update)
        self._alarm = AlarmState()
        self._newest_at = 0.0
        self._score_due = 0.0

    def watch(self, windows: Iterable[ScoredWindow], end_reason: Callable[[], EndReason]) -> None:
        """Follows the windows to their end; an open event is then ended.

        Args:
            windows: in order of time.
            end_reason: asked after the last window: why there are no more.

        Raises:
            SourceError: the source failed; the open event has been ended.
        """
        self._say_anomaly(False)
        try:
            for window in windows:
                self._take(window)
        except SourceError:
            self._end("source_failed")
            raise
        self._end(end_reason())

    def _take(self, window: ScoredWindow) -> None:
        self._newest_at = window.at
        score = float(window.result.score)
        self._alarm, change = step(self._alarm, self._origin.rule, score, window.at)
        event = self._life.observe(window, self._alarm, change)
        if event is not None:
            self._tell(event)
        if time.monotonic() >= self._score_due:
            self._score_due = time.monotonic() + self._score_interval
            self._publisher.publish_state(
                self._topics.score(self._origin.camera), to_json(self._score_message(window)), qos=0
            )

    def _end(self, reason: EndReason) -> None:
        self._alarm, change = close(self._alarm, self._newest_at)
        if change is not None:
            self._tell(self._life.end(change, reason))

    def _tell(self, event: Event) -> None:
        self._publisher.publish_event(event)
        if event.type != "update":
            self._say_anomaly(event.type == "new")
            _log.info("%s", _sentence(event))

    def _say_anomaly(self, on: bool) -> None:
        topic = self._topics.anomaly(self._origin.camera)
        self._publisher.publish_state(topic, "ON" if on else "OFF")

    def _score_message(self, window: ScoredWindow) -> ScoreMessage:
        return ScoreMessage(
            score=float(window.result.score),
            threshold=self._origin.rule.threshold,
            time=self._clock.wall(window.at),
            media_time=window.at,
            shares=shares_of(window.result),
        )


def _sentence(event: Event) -> str:
    state = event.after
    if event.type == "end":
        return (
            f"{event.camera}: anomaly ended after {state.duration:.1f} s ({state.end_reason}), "
            f"peak {state.peak_score:.3g}"
        )
    term, share = max(state.shares, key=lambda pair: pair[1])
    return (
        f"{event.camera}: anomaly since {state.start:%H:%M:%S} UTC, score {state.score:.3g} over "
        f"{state.threshold:.3g}, {share:.0%} {term}"
    )
