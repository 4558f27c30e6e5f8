from typing import Any

import pytest

from ocrgan_edge.bundle import Calibration
from ocrgan_edge.detection.alarm import AlarmRule
from ocrgan_edge.service.rule import alarm_rule
from ocrgan_edge.service.settings import make_settings

CALIBRATION = Calibration(
    threshold=3.0,
    median=1.0,
    false_alarms_per_day=1,
    windows=100,
    minutes=10,
    hop=4,
    source="yard",
)


def rule(**values: Any) -> AlarmRule:
    settings = make_settings(camera="0", bundle="door.ocrgan", **values)
    return alarm_rule(CALIBRATION, settings)


def test_the_bundle_s_threshold_counts_if_nothing_else_is_said() -> None:
    assert rule().threshold == 3.0
    assert rule().release == pytest.approx(2.4)  # 1 + 0.7 · (3 − 1)


def test_sensitivity_divides_the_distance_from_normal_life() -> None:
    assert rule(sensitivity=2).threshold == 2.0  # 1 + 2/2
    assert rule(sensitivity=0.5).threshold == 5.0  # 1 + 2·2


def test_a_threshold_that_was_set_replaces_the_bundle_s() -> None:
    assert rule(threshold=11, sensitivity=2).threshold == 6.0  # 1 + 10/2


def test_durations_come_from_the_settings() -> None:
    assert rule(minimum_duration=0, cool_down=7).minimum_duration == 0
    assert rule(cool_down=7).cool_down == 7
