"""What is normal for one camera, by day and night, while it drifts and calibrates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.detection.profiles import Learned
from ocrgan_edge.detection.schedule import Schedule
from ocrgan_edge.detection.threshold import Wish
from ocrgan_edge.runtime.scorer import LocationStatistics, WindowScore
from ocrgan_edge.runtime.scoring import ScoredWindow
from ocrgan_edge.service.habits import Habits
from ocrgan_edge.service.normal import Normal
from ocrgan_edge.service.rule import Tuning

GRID = (5, 2, 3)
NOON, MIDNIGHT = (datetime(2025, 6, 1, hour, tzinfo=UTC) for hour in (12, 0))
ALWAYS, DAY, NIGHT = (
    Learned(LocationStatistics.neutral(GRID), 0.0, threshold) for threshold in (2.0, 3.0, 4.0)
)
DARK, BRIGHT = (np.full((48, 64, 3), level, np.uint8) for level in (20, 150))


class Alarm:
    """The part of a camera that matters here."""

    def __init__(self) -> None:
        self.tuning = Tuning(0.0, 2.0)
        self.alarmed = False
        self.settled = 0.0
        self.forgotten = 0

    def forget_settled(self) -> None:
        self.forgotten += 1

    def tune(self, tuning: Tuning) -> None:
        self.tuning = tuning


@pytest.fixture
def alarm() -> Alarm:
    return Alarm()


@pytest.fixture
def said() -> list[tuple[str, float | None]]:
    return []


@pytest.fixture
def normal(alarm: Alarm, said: list) -> Callable[..., Normal]:
    def make(**habits: object) -> Normal:
        known = Habits(**({"learned": {"always": ALWAYS, "day": DAY, "night": NIGHT}} | habits))
        return Normal(alarm, known, 60.0, 1, lambda *what: said.append(what))

    return make


CLOCK = Schedule(["20:00-06:00"], UTC)


def window(number: int, value: float) -> ScoredWindow:
    maps = np.full((1, *GRID[1:]), value, np.float32)
    terms = np.full((5, 1, *GRID[1:]), value, np.float32)
    result = WindowScore(value, maps.max((1, 2)), maps, np.full(5, 0.2, np.float32), 0.0, terms)
    return ScoredWindow(number, number * 60.0, result)


def test_by_the_clock_day_and_night_have_their_own_threshold(normal, alarm: Alarm, said) -> None:
    made = normal(night=CLOCK)
    made.tick(NOON, armed=True)
    assert (made.profile, alarm.tuning.base, made.statistics) == ("day", 3.0, DAY.statistics)
    made.tick(MIDNIGHT, armed=True)
    assert (made.profile, alarm.tuning.base, made.statistics) == ("night", 4.0, NIGHT.statistics)
    assert said == [("always", None), ("day", None), ("night", None)]


def test_by_brightness_a_minute_of_dark_makes_it_night(normal, alarm: Alarm) -> None:
    made = normal(by_brightness=True)
    for at, image in ((0, BRIGHT), (10, DARK), (69, DARK)):
        made.see(image, at)
        assert made.profile == "day"
    made.see(DARK, 70)
    assert (made.profile, alarm.tuning.base) == ("night", 4.0)


def test_without_a_rule_there_is_one_profile(normal) -> None:
    made = normal()
    made.tick(MIDNIGHT, armed=True)
    made.see(DARK, 0)
    assert (made.profile, made.statistics) == ("always", ALWAYS.statistics)


def test_a_threshold_set_by_hand_holds_by_day_and_night(normal, alarm: Alarm) -> None:
    made = normal(night=CLOCK)
    made.tick(NOON, armed=True)
    made.set_threshold(9.0)
    made.tick(MIDNIGHT, armed=True)
    assert alarm.tuning.base == 9.0


def test_a_calibration_of_the_night_waits_by_day_and_is_adopted_for_the_night(
    normal, alarm: Alarm
) -> None:
    made = normal(night=CLOCK)
    made.tick(MIDNIGHT, armed=True)
    made.calibrate("door", 20, Wish(minimum_duration=60.0))
    made.tick(NOON, armed=True)
    made.learn(window(0, 0.0), "ok", made.statistics)
    assert (made.calibrating.message.message, alarm.forgotten) == ("waits while it is day", 0)
    assert made.calibrating.message.progress == 0
    assert made.statistics is DAY.statistics
    learned = replace(NIGHT, threshold=7.0)
    made.adopt(made.calibrating.profile, learned)
    assert alarm.tuning.base == 3.0
    made.tick(MIDNIGHT, armed=True)
    assert alarm.tuning.base == 7.0


@pytest.mark.parametrize(
    ("scene", "armed", "alarmed", "settled", "learns"),
    [
        ("ok", True, False, 0.0, True),
        ("dark", True, False, 0.0, False),
        ("ok", False, False, 0.0, False),
        ("ok", True, True, 0.0, False),
        ("ok", True, False, 0.1, False),
    ],
)
def test_drift_is_followed_only_while_all_is_well(
    normal, alarm: Alarm, scene: str, armed: bool, alarmed: bool, settled: float, learns: bool
) -> None:
    made = normal(follow_drift=True)
    made.follows_drift = True
    made.tick(NOON, armed)
    alarm.alarmed, alarm.settled = alarmed, settled
    for number in range(60):
        made.learn(window(number, 1.0), scene, made.statistics)
    assert bool((made.statistics.mean > 0).all()) == learns


def test_a_calibration_before_the_first_picture_is_for_the_profile_that_it_shows(normal) -> None:
    made = normal(by_brightness=True)
    made.calibrate("door", 20, Wish(minimum_duration=60.0))
    made.see(DARK, 0.0)
    made.learn(window(0, 0.0), "ok", made.statistics)
    assert made.calibrating.profile == "night"
    assert made.calibrating.learn.progress > 0
    assert made.statistics is NIGHT.statistics


@pytest.mark.parametrize("armed", [True, False])
def test_what_would_raise_an_alarm_is_not_learned_whether_or_not_the_camera_is_armed(
    normal, alarm: Alarm, armed: bool
) -> None:
    """Nine of the first ten windows are usual, one is far over the threshold of 2."""
    made = normal(learned={"always": ALWAYS})
    made.tick(NOON, armed)
    made.calibrate("door", 20, Wish(minimum_duration=60.0))
    for number in range(10):
        made.learn(window(number, 50.0 if number == 4 else 1.0), "ok", made.statistics)
    assert made.statistics.mean == pytest.approx(1.0)


def test_what_was_scored_by_other_statistics_is_not_learned(normal, alarm: Alarm) -> None:
    """Day turns to night while a window is scored: its score means nothing to the night."""
    made = normal(night=CLOCK)
    made.tick(MIDNIGHT, armed=True)
    made.calibrate("door", 20, Wish(minimum_duration=60.0))
    made.learn(window(0, 0.0), "ok", DAY.statistics)
    assert (made.calibrating.learn.progress, alarm.forgotten) == (0, 0)
    made.learn(window(1, 0.0), "ok", NIGHT.statistics)
    assert made.calibrating.learn.progress > 0
    assert alarm.forgotten == 1  # what stays is heard


def test_after_a_day_a_calibration_of_the_night_goes_on_by_what_it_has_learned(normal) -> None:
    made = normal(night=CLOCK)
    made.tick(MIDNIGHT, armed=True)
    made.calibrate("door", 20, Wish(minimum_duration=60.0))
    for number in range(12):  # of 20: past half time
        made.learn(window(number, number % 2), "ok", made.statistics)
    halfway = made.statistics
    assert halfway is not NIGHT.statistics
    made.tick(NOON, armed=True)
    assert made.statistics is DAY.statistics
    made.tick(MIDNIGHT, armed=True)
    assert made.statistics is halfway


def test_sensitivity_holds_by_day_and_night(normal, alarm: Alarm) -> None:
    made = normal(night=CLOCK)
    made.tick(NOON, armed=True)
    made.set_sensitivity(2.0)
    made.tick(MIDNIGHT, armed=True)
    assert (alarm.tuning.base, alarm.tuning.sensitivity) == (4.0, 2.0)


def test_drift_outlasts_the_day_also_where_nothing_is_kept_on_disk(normal, said) -> None:
    made = normal(night=CLOCK)
    made.follows_drift = True
    made.tick(MIDNIGHT, armed=True)
    for number in range(60):
        made.learn(window(number, 1.0), "ok", made.statistics)
    drifted = made.statistics
    made.tick(NOON, armed=True)
    assert made.statistics is DAY.statistics
    assert said[-1] == ("day", None)
    made.tick(MIDNIGHT, armed=True)
    assert made.statistics is drifted
    assert said[-1][1] > 0


def test_a_new_calibration_voids_its_drift_and_what_settled(normal, alarm: Alarm) -> None:
    made = normal()
    made.follows_drift = True
    for number in range(60):
        made.learn(window(number, 1.0), "ok", made.statistics)
    assert made.statistics is not ALWAYS.statistics
    made.adopt("always", DAY)
    assert made.statistics is DAY.statistics
    assert alarm.forgotten == 1  # by others it was that it stayed


def test_drift_is_not_followed_unless_asked_for(normal) -> None:
    made = normal()
    for number in range(60):
        made.learn(window(number, 1.0), "ok", made.statistics)
    assert made.statistics is ALWAYS.statistics


def test_drift_outlasts_a_restart_and_is_told(normal, said, tmp_path: Path) -> None:
    files = {"always": tmp_path / "drift.npz"}
    made = normal(drift_files=files)
    made.follows_drift = True
    for number in range(60):
        made.learn(window(number, 1.0), "ok", made.statistics)
    made.close()
    again = normal(drift_files=files)
    again.follows_drift = True
    again.learn(window(0, 1.0), "ok", again.statistics)
    assert (again.statistics.mean > 0).all()
    assert said[-1][1] > 0
