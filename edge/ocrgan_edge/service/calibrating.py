"""A camera's calibration on its own place, from the command to its end, as others see it."""

from __future__ import annotations

import logging
import math
from typing import Literal

from ocrgan_edge.alerts.messages import CalibrateMessage
from ocrgan_edge.detection.profiles import PROFILES, Profile
from ocrgan_edge.detection.self_calibration import Calibrated, SelfCalibration
from ocrgan_edge.errors import OcrganError
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.runtime.scoring import ScoredWindow

IDLE = CalibrateMessage(state="idle")
STEPS = 100
"""Progress is told in so many steps."""
_log = logging.getLogger(__name__)


class Calibrating:
    """One calibration: windows in, what was learned out. What goes wrong ends it, and only it."""

    def __init__(
        self,
        camera: str,
        minutes: float,
        learn: SelfCalibration,
        before: LocationStatistics,
        profile: Profile = "always",
    ) -> None:
        """Starts with nothing learned.

        Args:
            camera: its name, for the log.
            minutes: how long it takes.
            learn: does the learning.
            before: by which windows are scored until half time, and again after a failure.
            profile: of the camera, that it holds for.
        """
        self.profile = profile
        """For which it holds: while it is another, it waits."""
        self.adopted = False
        """Whether the camera goes by the result."""
        self.waits_for: str | None = None
        """What keeps it from learning just now, such as `dark`."""
        self.failure: str | None = None
        """Why it has failed, in one sentence."""
        self._camera = camera
        self._minutes = minutes
        self._learn = learn
        self._before = before

    @property
    def result(self) -> Calibrated | None:
        """All that was learned, at the end."""
        return self._learn.result

    @property
    def progress(self) -> float:
        """Share that is done, in steps of a hundredth."""
        return math.floor(self._learn.progress * STEPS) / STEPS

    @property
    def waiting(self) -> str | None:
        """Why nothing is learned just now, in a few words."""
        what = self.waits_for
        if what is None:
            return None
        return f"waits while {'it' if what in PROFILES else 'the picture'} is {what}"

    @property
    def learn(self) -> SelfCalibration:
        """What does the learning."""
        return self._learn

    @property
    def over(self) -> bool:
        """Whether no more windows are wanted."""
        return self.failure is not None or self.result is not None

    @property
    def statistics(self) -> LocationStatistics:
        """By which windows are to be scored now."""
        learned = None if self.failure is not None else self._learn.statistics
        return self._before if learned is None else learned

    @property
    def message(self) -> CalibrateMessage:
        """How it stands."""
        if self.failure is not None:
            return self._told("failed", self.failure)
        if self.result is not None:
            threshold = f"threshold {self.result.threshold:.3g}"
            warning = self.result.warning
            return self._told("done", threshold if warning is None else f"{threshold}; {warning}")
        return self._told("running", self.waiting)

    def begin_in(self, profile: Profile, before: LocationStatistics) -> None:
        """Holds for this profile, whose statistics score until half time; nothing was learned."""
        self.profile, self._before = profile, before

    def take(self, window: ScoredWindow, alarmed: bool) -> None:
        """Learns from a window; `alarmed` if it belongs to an alarm."""
        if self.over:
            return
        try:
            self._learn.take(window, alarmed)
        except (OcrganError, ValueError) as error:
            self.fail(str(error))

    def fail(self, why: str) -> None:
        """Ends it without a result."""
        self.failure = why
        _log.warning(
            "%s: calibration failed: %s", self._camera, why, extra={"camera": self._camera}
        )

    def _told(
        self, state: Literal["running", "done", "failed"], what: str | None
    ) -> CalibrateMessage:
        return CalibrateMessage(
            state=state, minutes=self._minutes, progress=self.progress, message=what
        )


def interrupted(calibrating: Calibrating | None) -> Calibrating | None:
    """A calibration whose camera is watched with something else from now on: told as failed."""
    if calibrating is None or calibrating.over:
        return None
    calibrating.fail("the camera got other settings or another model: calibrate again")
    return calibrating
