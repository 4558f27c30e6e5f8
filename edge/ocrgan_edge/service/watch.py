"""One camera being watched: its frames, windows, scores and events, from start to stop."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime

from ocrgan_edge.alerts.event import EndReason, Event
from ocrgan_edge.alerts.life import Life, Origin
from ocrgan_edge.clock import MediaClock
from ocrgan_edge.detection.scene_health import SceneHealth
from ocrgan_edge.detection.threshold import Wish
from ocrgan_edge.errors import OcrganError
from ocrgan_edge.runtime.scoring import ScoredWindow
from ocrgan_edge.service.calibrating import Calibrating
from ocrgan_edge.service.camera import Camera
from ocrgan_edge.service.crew import Crew, Pace, View
from ocrgan_edge.service.feed import Feed
from ocrgan_edge.service.handover import Handover
from ocrgan_edge.service.normal import Normal
from ocrgan_edge.service.presence import Presence
from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.source import Source

HEALTH_INTERVAL = 0.25
"""Seconds of media time between two looks at the scene's health."""

LOST_FOR = 10.0
"""Seconds without pictures after which an open event is ended."""
HANGS_AFTER = 30.0
"""Seconds without a frame, or an attempt to get one, after which a camera's thread hangs."""
_log = logging.getLogger(__name__)


class Watch:
    """Leads one camera's frames from its source to its alerts.

    Three threads meet here: the feed's (frames, and what the source reports), a worker's (`run`),
    and the daemon's own (all from `start` to `stop`).
    """

    def __init__(self, name: str, view: View, crew: Crew, pace: Pace) -> None:
        """Puts everything together; nothing moves before `start`.

        Args:
            name: the camera's.
            view: what it is watched with.
            crew: who works for it.
            pace: how its frames come and how often it speaks.
        """
        spec = view.model.spec
        self.name = name
        self.view = view
        self.interval = view.hop / spec.frames_per_second
        self.error: Exception | None = None
        """Why it has ended, if that is a failure."""
        self.ended = threading.Event()
        """Set when there are no more frames and all has been told."""
        self._crew = crew
        self._keeps_pace = pace.keeps_pace
        self.live = False
        """Whether its frames come from a camera or stream."""
        self.enabled = view.enabled
        """Whether the camera is armed, as far as its schedule has it."""
        self._presence = Presence(name, crew.voice)
        self._clock = MediaClock(pace.keeps_pace)
        origin = Origin(name, view.model.bundle.sha256)
        life = Life(origin, self._clock, pace.update_interval, crew.evidence)
        self.camera = Camera(crew.voice, life, self._clock, view.outlook, view.tuning)
        self.camera.score_interval = pace.score_interval
        self.camera.on_event = self._count
        self.camera.on_settled = crew.stats.settled_is
        seen = view.habits, self.interval, view.outlook.recent
        self.normal = Normal(self.camera, *seen, crew.stats.normal_is)
        self._following = view.model.follow()
        self._handover = Handover(spec, view.hop, only_new=self._following is not None)
        self._health = SceneHealth()
        self._health_due = 0.0
        self._feed: Feed | None = None
        self._stop_reason: EndReason | None = None
        self._seen = False
        self._lost_at: float | None = None

    def start(self, source: Source) -> None:
        """Begins to watch; the source belongs to this object from now on."""
        self.live = source.live
        # A recording gives the same scores each time, as the evaluator does.
        self.normal.follows_drift = self.view.habits.follow_drift and self.live
        self.tick(datetime.now(UTC))  # what is not armed must not begin with an alarm
        self._crew.scheduler.add(self)
        # Pictures of a recording may be taken minutes apart.
        limit = max(HANGS_AFTER, 3.0 / source.frames_per_second)
        self._crew.progress.expect(self._part, limit)
        self._feed = Feed(self.name, source, self.view.model.spec.frames_per_second, self)
        self._feed.start()

    def tick(self, now: datetime) -> None:
        """What has to be done when time passes, about once a second; `now` has a time zone."""
        armed = self.enabled and self.view.schedule.armed(now)
        self.camera.arm(armed)
        self._presence.armed(armed)
        self.normal.tick(now, armed)
        lost_at = self._lost_at  # may be taken back meanwhile
        if lost_at is not None and time.monotonic() - lost_at >= LOST_FOR:
            self.camera.end("source_failed")

    @property
    def calibrating(self) -> Calibrating | None:
        """A calibration under way, or just over."""
        return self.normal.calibrating

    def calibrate(self, minutes: float, false_alarms_per_day: float | None = None) -> None:
        """Learns what is normal at the camera's place, from now on for so many minutes of video.

        Args:
            minutes: for both halves together.
            false_alarms_per_day: by default that of the settings, else the bundle's.

        Raises:
            SettingsError: that is shorter than two alarms.
        """
        wished, tuning = self.view.habits.false_alarms_per_day, self.camera.tuning
        wish = Wish(false_alarms_per_day or wished, tuning.minimum_duration, tuning.cool_down)
        self.normal.calibrate(self.name, minutes, wish)

    @property
    def away(self) -> str | None:
        """Why there are no pictures just now, in one sentence; None while there are."""
        return self._presence.away

    def ask_to_stop(self, reason: EndReason) -> None:
        """Says that `stop` will follow, so that many cameras stop at the same time."""
        self._stop_reason = reason
        if self._feed is not None:
            self._feed.ask_to_stop()

    def stop(self, reason: EndReason) -> None:
        """Stops watching; an open event is ended for this reason."""
        self.ask_to_stop(reason)
        if self._feed is not None:
            self._feed.stop()
            self.ended.wait()

    # What follows is called by the source and the feed, in the feed's thread.

    def connected(self) -> None:
        """The source gives pictures."""
        if self._lost_at is not None and self._seen:
            self._crew.stats.reconnected()
        self._lost_at = None
        self._crew.progress.made(self._part)

    def lost(self, reason: str) -> None:
        """The source gives none, for this reason, and is tried again."""
        if self._lost_at is None:
            self._lost_at = time.monotonic()
            self._crew.stats.went_away()
        self._presence.offline(reason)

    def tried(self) -> None:
        """The source was tried again in vain: it is away, but its thread gets on."""
        self._crew.progress.made(self._part)

    def dropped(self, frames: int) -> None:
        """Frames were broken or left out."""
        self._crew.stats.frames_lost(frames)

    def take_frame(self, frame: Frame) -> None:
        """Takes the next frame on the model's clock."""
        self._crew.progress.made(self._part)
        self._crew.stats.frame_came()
        self._presence.online()
        if not self._seen:
            self._clock.start(frame.at)
            self._seen = True
        self._crew.evidence.see(frame.image, frame.at)
        if frame.at >= self._health_due:
            self._health_due = frame.at + HEALTH_INTERVAL
            self._presence.scene(self._health.observe(frame.image, frame.at))
            self.normal.see(frame.image, frame.at)
        if self._handover.put(frame):
            self._hand_over()

    def source_ended(self, error: Exception | None) -> None:
        """Is told that there are no more frames; tells what is still open."""
        self._crew.scheduler.drain(self)
        self._crew.scheduler.remove(self)
        self.error = self.error or error
        try:
            self._finish()
        except Exception as failure:  # nobody shall wait in vain for the end
            self.error = self.error or failure
            _log.debug("%s: the end could not be told", self.name, exc_info=True)
        finally:
            self._crew.progress.forget(self._part)
            self.ended.set()

    # What follows is called by the scheduler, in a worker's thread.

    def run(self, worker: int) -> None:
        """Scores the newest window and judges it."""
        taken = self._handover.take(self.view.model.buffer(worker))
        if taken is None:
            return
        window, arrived, hop = taken
        statistics, began = self.normal.statistics, time.monotonic()
        result = self.view.model.score(worker, statistics, self._following, hop)
        ready = time.monotonic()
        self._crew.stats.window_scored(ready - began, ready - arrived, hop)
        scored = ScoredWindow(window.end, window.at, result)
        if self._crew.scores is not None:
            self._crew.scores.write(scored)
        scored = self.camera.take(scored, statistics)
        self.normal.learn(scored, self._presence.scene_word, statistics)

    def failed(self, error: Exception) -> None:
        """A window could not be scored: the camera is given up."""
        self.error = error
        if not isinstance(error, OcrganError | OSError):  # a fault of ours
            _log.error("scoring %s failed", self.name, exc_info=error)
        if self._feed is not None:
            self._feed.ask_to_stop()

    def _hand_over(self) -> None:
        if not self._crew.scheduler.due(self):
            self._crew.stats.windows_skipped()
        while not self._keeps_pace and self._stop_reason is None and self.error is None:
            if self._handover.wait_until_taken(0.5):
                return
            self._crew.progress.made(self._part)  # others have more to do; nothing hangs here

    def _finish(self) -> None:
        reason: EndReason = "source_ended" if self.error is None else "source_failed"
        try:
            self.camera.end(self._stop_reason or reason)
        finally:
            self.normal.close()
            self._crew.evidence.close()
            self._crew.stats.went_away()
            self._presence.offline("stopped" if self.error is None else str(self.error))

    def _count(self, event: Event) -> None:
        if event.type == "new":
            self._crew.stats.event_began()

    @property
    def _part(self) -> str:
        return f"camera {self.name}"
