"""The alarm's rule from what is known of normal life and what the user wishes."""

from __future__ import annotations

from dataclasses import dataclass

from ocrgan_edge.detection.alarm import COOL_DOWN, MINIMUM_DURATION, AlarmRule, release_level
from ocrgan_edge.detection.sensitivity import threshold_of


@dataclass(frozen=True, slots=True)
class Tuning:
    """What decides when a camera raises an alarm."""

    median: float
    """Median score of normal life."""

    base: float
    """The threshold before sensitivity: set by a command, in the settings, by the camera's own
    calibration, or by the bundle."""

    sensitivity: float = 1.0
    """2 halves the threshold's distance from the median, 0.5 doubles it."""

    minimum_duration: float = MINIMUM_DURATION
    """Seconds."""
    cool_down: float = COOL_DOWN
    """Seconds."""
    hold_off: float = 0.0
    """Seconds."""

    @property
    def threshold(self) -> float:
        """What a score must exceed."""
        return threshold_of(self.median, self.base, self.sensitivity)

    @property
    def rule(self) -> AlarmRule:
        """What the alarm goes by."""
        return AlarmRule(
            threshold=self.threshold,
            release=release_level(self.threshold, self.median),
            minimum_duration=self.minimum_duration,
            cool_down=self.cool_down,
            hold_off=self.hold_off,
        )
