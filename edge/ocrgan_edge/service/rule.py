"""The alarm's rule from what the bundle was calibrated to and what the settings say."""

from __future__ import annotations

from ocrgan_edge.bundle import Calibration
from ocrgan_edge.detection.alarm import AlarmRule, release_level
from ocrgan_edge.service.settings import Settings


def alarm_rule(calibration: Calibration, settings: Settings) -> AlarmRule:
    """The rule of one camera.

    threshold = median + (base − median) / sensitivity, where base is the bundle's threshold or the
    one that was set, and median the score of normal life.
    """
    base = calibration.threshold if settings.threshold is None else settings.threshold
    threshold = calibration.median + (base - calibration.median) / settings.sensitivity
    return AlarmRule(
        threshold=threshold,
        release=release_level(threshold, calibration.median),
        minimum_duration=settings.minimum_duration,
        cool_down=settings.cool_down,
    )
