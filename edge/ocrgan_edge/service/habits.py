"""What is known beforehand of a camera's normal life: of settings, bundle and commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ocrgan_edge.detection.profiles import Learned, Profile
from ocrgan_edge.detection.schedule import Schedule


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
    false_alarms_per_day: float = 1.0
    """The wish that a calibration by command goes by."""
    follow_drift: bool = False
    drift_files: Mapping[Profile, Path] = field(default_factory=dict)
    """Where drift is kept over restarts; nowhere where there is none."""
