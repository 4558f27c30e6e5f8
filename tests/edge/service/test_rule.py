import pytest

from ocrgan_edge.service.rule import Tuning

TUNING = Tuning(median=1.0, base=3.0)


def test_the_threshold_is_the_base_at_medium_sensitivity() -> None:
    assert TUNING.rule.threshold == 3.0
    assert TUNING.rule.release == pytest.approx(2.4)  # 1 + 0.7 · (3 − 1)


def test_sensitivity_divides_the_distance_from_normal_life() -> None:
    assert Tuning(1.0, 3.0, sensitivity=2).rule.threshold == 2.0  # 1 + 2/2
    assert Tuning(1.0, 3.0, sensitivity=0.5).rule.threshold == 5.0  # 1 + 2·2


def test_durations_are_those_of_the_rule() -> None:
    rule = Tuning(1.0, 3.0, minimum_duration=0.5, cool_down=7, hold_off=9).rule
    assert (rule.minimum_duration, rule.cool_down, rule.hold_off) == (0.5, 7, 9)
