"""What is normal for one camera: its profile, its calibration, and how both change with time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection import profiles
from ocrgan_edge.detection.drift import Drift
from ocrgan_edge.detection.drift_file import read_drift
from ocrgan_edge.detection.profiles import Learned, Light, Profile, learned_for, level_of
from ocrgan_edge.detection.scene_health import Scene
from ocrgan_edge.detection.schedule import Schedule
from ocrgan_edge.detection.self_calibration import SelfCalibration
from ocrgan_edge.detection.threshold import Wish
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.runtime.scoring import ScoredWindow
from ocrgan_edge.service.calibrating import Calibrating
from ocrgan_edge.service.camera import Camera
from ocrgan_edge.service.drift_keeper import DriftKeeper

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Habits:
    """What is known beforehand of a camera's normal life."""

    learned: Mapping[Profile, Learned]
    """Calibrations; that for `always` is there."""
    threshold: float | None = None
    """Set by hand: holds in all profiles."""
    night: Schedule | None = None
    """The hours of the night, where the clock tells them."""
    by_brightness: bool = False
    """Whether the picture's light tells day from night."""
    follow_drift: bool = False
    drift_files: Mapping[Profile, Path] = field(default_factory=dict)
    """Where drift is kept over restarts; nowhere where there is none."""


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
        self._drift: Drift | None = None
        self._keeper = DriftKeeper()
        self._lock = threading.RLock()

    def tick(self, now: datetime, armed: bool) -> None:
        """What has to be done when time passes; `now` has a time zone."""
        self._armed = armed
        night = self._habits.night
        if night is not None:
            self._turn("night" if night.armed(now) else "day")
        self._keep()

    def see(self, image: NDArray[np.uint8], at: float) -> None:
        """Looks at a picture, a few times a second."""
        if self._habits.by_brightness:
            self._light = profiles.step(self._light, level_of(image), at)
            self._turn(self._light.profile or "always")

    def learn(self, window: ScoredWindow, scene: Scene) -> None:
        """Takes a judged window, for a calibration under way, or for drift."""
        with self._lock:
            calibrating = self.calibrating
            if calibrating is not None and not calibrating.over:
                self._calibrate(calibrating, window, scene)
            elif self.follows_drift:
                self._follow(window, scene)

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
            self.calibrating = Calibrating(name, minutes, learn, self._calibrated, self.profile)
            self._drift = None

    def adopt(self, profile: Profile, learned: Learned) -> None:
        """Goes by a calibration from now on; a threshold set before it is void."""
        with self._lock:
            self._learned[profile] = learned
            self._threshold = None
            self._go_by(self.profile)

    def set_threshold(self, value: float) -> None:
        """Goes by a threshold in all profiles."""
        with self._lock:
            self._threshold = value
            self._camera.tune(replace(self._camera.tuning, base=value))

    def close(self) -> None:
        """Keeps what is to be kept over a restart."""
        self._keep(last=True)

    @property
    def _calibrated(self) -> LocationStatistics:
        return learned_for(self._learned, self.profile).statistics

    def _turn(self, profile: Profile) -> None:
        if profile == self.profile:
            return
        with self._lock:
            self._keep()
            if self.profile != "always":
                _log.info("it is %s: other statistics and threshold hold", profile)
            self._go_by(profile)

    def _go_by(self, profile: Profile) -> None:
        learned = learned_for(self._learned, profile)
        self.profile = profile
        self._drift = None
        if self.calibrating is None or self.calibrating.over:
            self.statistics = learned.statistics
        base = learned.threshold if self._threshold is None else self._threshold
        self._camera.tune(replace(self._camera.tuning, median=learned.median, base=base))
        self._on_change(profile, None)

    def _calibrate(self, calibrating: Calibrating, window: ScoredWindow, scene: Scene) -> None:
        other = self.profile != calibrating.profile
        calibrating.waits_for = None if scene == "ok" else scene
        calibrating.waits_for = self.profile if other else calibrating.waits_for
        if other:
            self.statistics = self._calibrated
        elif scene == "ok":  # what cannot be seen well is not learned as normal
            calibrating.take(window, self._camera.alarmed)
            self.statistics = calibrating.statistics

    def _follow(self, window: ScoredWindow, scene: Scene) -> None:
        drift = self._drift or self._begin_drift()
        if scene != "ok" or not self._armed:
            drift.pause()
            return
        camera = self._camera
        calm = window.result.score < camera.tuning.rule.release
        drift.take(window.result.terms, window.at, calm=calm, alarmed=camera.alarmed)
        if self.statistics is not drift.statistics:
            self.statistics = drift.statistics
            self._on_change(self.profile, drift.used)

    def _begin_drift(self) -> Drift:
        learned = learned_for(self._learned, self.profile)
        file = self._habits.drift_files.get(self.profile)
        kept = None if file is None else read_drift(file, learned.statistics)
        self._drift = Drift(
            learned.statistics,
            learned.threshold - learned.median,
            self._interval,
            self._recent,
            kept,
        )
        self.statistics = self._drift.statistics
        self._on_change(self.profile, self._drift.used)
        return self._drift

    def _keep(self, last: bool = False) -> None:
        file, drift = self._habits.drift_files.get(self.profile), self._drift
        if file is not None and drift is not None:
            self._keeper.keep(file, drift, self._calibrated, last)
