"""What is normal for one camera: its profile, its calibration, and how both change with time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection import profiles
from ocrgan_edge.detection.alarm import AlarmState, step
from ocrgan_edge.detection.profiles import Learned, Light, Profile, learned_for, level_of
from ocrgan_edge.detection.scene_health import Scene
from ocrgan_edge.detection.self_calibration import SelfCalibration
from ocrgan_edge.detection.threshold import Wish
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.runtime.scoring import ScoredWindow
from ocrgan_edge.service.calibrating import Calibrating
from ocrgan_edge.service.camera import Camera
from ocrgan_edge.service.drift_keeper import KeptDrift
from ocrgan_edge.service.habits import Habits

KEEP_EVERY = 3600.0
"""Seconds between two writings of drift: a power cut costs no more, and half-lives are days."""
CLOSE_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Normal:
    """Keeps a camera's statistics and tuning at what holds just now.

    Three threads meet here, as in `Watch`: frames come to `see`, scored windows to `learn`, and
    all else is the daemon's own.
    """

    def __init__(
        self,
        camera: Camera,
        habits: Habits,
        interval: float,
        recent: int,
        on_change: Callable[[Profile, float | None], None],
    ) -> None:
        """Begins in the profile `always`, or in that of the hour.

        Args:
            camera: raises alarms by what holds.
            habits: what is known.
            interval: seconds between two windows, as planned.
            recent: newest frames that a score is made of.
            on_change: is told the profile and the share of its bounds that drift uses, if followed.
        """
        self.statistics = learned_for(habits.learned, "always").statistics
        """By which windows are to be scored."""
        self.calibrating: Calibrating | None = None
        """Under way, or just over."""
        self.profile: Profile = "always"
        """Which calibration holds."""
        self.follows_drift = False
        """Whether drift is followed; may be switched on before the first frame."""
        self._camera, self._habits = camera, habits
        self._learned = dict(habits.learned)
        self._threshold = habits.threshold
        self._interval, self._recent = interval, recent
        self._on_change = on_change
        self._light = Light()
        self._armed = True
        self._guard = AlarmState()
        self._drifts: dict[Profile, KeptDrift] = {}
        self._keep_due = time.monotonic() + KEEP_EVERY
        self._lock = threading.RLock()
        on_change("always", None)  # the camera may have had other habits before

    def tick(self, now: datetime, armed: bool) -> None:
        """What has to be done when time passes; `now` has a time zone."""
        self._armed = armed
        night = self._habits.night
        if night is not None:
            self._turn("night" if night.armed(now) else "day")
        if time.monotonic() >= self._keep_due:
            self._keep_due = time.monotonic() + KEEP_EVERY
            for kept in self._all_kept():
                kept.write()

    def see(self, image: NDArray[np.uint8], at: float) -> None:
        """Looks at a picture, a few times a second."""
        if self._habits.by_brightness:
            self._light = profiles.step(self._light, level_of(image), at)
            self._turn(self._light.profile or "always")

    def learn(self, window: ScoredWindow, scene: Scene, by: LocationStatistics) -> None:
        """Takes a judged window, for a calibration under way, or for drift.

        Args:
            window: the newest.
            scene: whether its picture can be judged.
            by: the statistics that it was scored by; what holds may be others by now.
        """
        with self._lock:
            if by is not self.statistics:
                return
            calibrating, alarmed = self._under_way, self._alarmed(window)
            if calibrating is not None:
                self._calibrate(calibrating, window, scene, alarmed)
            elif self.follows_drift:
                self._follow(window, scene, alarmed)

    def calibrate(self, name: str, minutes: float, wish: Wish) -> None:
        """Learns what is normal in the profile of this moment, for so many minutes of video.

        Raises:
            SettingsError: that is shorter than two alarms.
        """
        height, width = self.statistics.mean.shape[1:]
        try:
            learn = SelfCalibration(minutes, self._interval, wish, (height, width), self._recent)
        except ValueError as error:
            raise SettingsError(str(error)) from error
        with self._lock:
            self._pause_drift()
            self.calibrating = Calibrating(name, minutes, learn, self._calibrated, self.profile)
            self.statistics = self._now_scored_by

    def adopt(self, profile: Profile, learned: Learned) -> None:
        """Goes by a calibration from now on; a threshold set before it is void."""
        with self._lock:
            self._camera.forget_settled()
            self._learned[profile] = learned
            self._threshold = None
            self._drifts = {
                which: kept
                for which, kept in self._drifts.items()
                if kept.calibrated is learned_for(self._learned, which).statistics
            }
            self._go_by(self.profile)

    def set_threshold(self, value: float) -> None:
        """Goes by a threshold in all profiles."""
        with self._lock:
            self._threshold = value
            self._camera.tune(replace(self._camera.tuning, base=value))

    def set_sensitivity(self, factor: float) -> None:
        """Goes by a sensitivity in all profiles."""
        with self._lock:  # or a turn of day and night meanwhile would be undone
            self._camera.tune(replace(self._camera.tuning, sensitivity=factor))

    def close(self) -> None:
        """Keeps what is to be kept over a restart."""
        for kept in self._all_kept():
            kept.write(wait=CLOSE_SECONDS)

    @property
    def _calibrated(self) -> LocationStatistics:
        return learned_for(self._learned, self.profile).statistics

    @property
    def _under_way(self) -> Calibrating | None:
        calibrating = self.calibrating
        return None if calibrating is None or calibrating.over else calibrating

    @property
    def _now_scored_by(self) -> LocationStatistics:
        calibrating, kept = self._under_way, self._drifts.get(self.profile)
        if calibrating is not None and calibrating.profile == self.profile:
            return calibrating.statistics
        if calibrating is not None or kept is None:
            return self._calibrated
        return kept.drift.statistics

    def _alarmed(self, window: ScoredWindow) -> bool:
        """Whether it lies within an alarm or a rise, or would if the camera raised alarms just now.

        What comes while it is disarmed, or holds off, is no more normal for that.
        """
        rule = replace(self._camera.tuning.rule, hold_off=0.0)
        self._guard, _ = step(self._guard, rule, window.result.score, window.at)
        unsaid = self._guard.event is not None or self._guard.rise is not None
        return self._camera.alarmed or unsaid

    def _turn(self, profile: Profile) -> None:
        if profile == self.profile:
            return
        with self._lock:
            calibrating = self._under_way
            if calibrating is not None and calibrating.profile == "always":
                # Asked for before anything told day from night.
                calibrating.begin_in(profile, learned_for(self._learned, profile).statistics)
            if self.profile != "always":
                _log.info("it is %s: other statistics and threshold hold", profile)
            self._pause_drift()
            self._go_by(profile)

    def _go_by(self, profile: Profile) -> None:
        learned = learned_for(self._learned, profile)
        self.profile = profile
        self.statistics = self._now_scored_by
        base = learned.threshold if self._threshold is None else self._threshold
        self._camera.tune(replace(self._camera.tuning, median=learned.median, base=base))
        kept = self._drifts.get(profile)
        self._on_change(profile, None if kept is None else kept.drift.used)

    def _calibrate(
        self, calibrating: Calibrating, window: ScoredWindow, scene: Scene, alarmed: bool
    ) -> None:
        if self.profile != calibrating.profile:
            calibrating.waits_for = self.profile
            return
        calibrating.waits_for = None if scene == "ok" else scene
        self._camera.forget_settled()  # the threshold is to know all places
        if scene == "ok":  # what cannot be seen well is not learned as normal
            calibrating.take(window, alarmed)
            self.statistics = calibrating.statistics

    def _follow(self, window: ScoredWindow, scene: Scene, alarmed: bool) -> None:
        drift = (self._drifts.get(self.profile) or self._begin_drift()).drift
        if self.statistics is not drift.statistics:  # after a restart or a calibration
            self.statistics = drift.statistics
            return
        if scene != "ok" or not self._armed or self._camera.settled > 0:
            drift.pause()
            return
        calm = window.result.score < self._camera.tuning.rule.release
        drift.take(window.result.terms, window.at, calm=calm, alarmed=alarmed)
        if self.statistics is not drift.statistics:
            self.statistics = drift.statistics
            self._on_change(self.profile, drift.used)

    def _begin_drift(self) -> KeptDrift:
        learned = learned_for(self._learned, self.profile)
        file = self._habits.drift_files.get(self.profile)
        kept = KeptDrift(learned, file, self._interval, self._recent)
        self._drifts[self.profile] = kept
        self._on_change(self.profile, kept.drift.used)
        return kept

    def _pause_drift(self) -> None:
        kept = self._drifts.get(self.profile)
        if kept is not None:
            kept.drift.pause()

    def _all_kept(self) -> list[KeptDrift]:
        with self._lock:
            return list(self._drifts.values())
