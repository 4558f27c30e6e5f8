from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ocrgan_edge.detection.self_calibration import SelfCalibration
from ocrgan_edge.detection.threshold import Wish, threshold_for
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.scorer import WindowScore
from ocrgan_edge.runtime.scoring import ScoredWindow

GRID = (2, 3)
INTERVAL = 0.5
WISH = Wish(false_alarms_per_day=24, minimum_duration=1.0, cool_down=2.0)
Make = Callable[[int], tuple[float, float, bool]]


def window(number: int, score: float, term: float = 1.0) -> ScoredWindow:
    """A window whose five terms have one value everywhere in its two frames."""
    terms = np.full((5, 2, *GRID), term, np.float32)
    maps = np.full((2, *GRID), score, np.float32)
    result = WindowScore(score, maps.max((1, 2)), maps, np.full(5, 0.2, np.float32), 0.0, terms)
    return ScoredWindow(number, number * INTERVAL, result)


def learn(make: Make, windows: int = 240, minutes: float = 2.0) -> SelfCalibration:
    """Shows windows whose score, term and alarm `make` gives."""
    calibration = SelfCalibration(minutes, INTERVAL, WISH, GRID, recent=2)
    for number in range(windows):
        score, term, alarmed = make(number)
        calibration.take(window(number, score, term), alarmed)
    return calibration


def usual(number: int) -> tuple[float, float, bool]:
    return number % 7 / 7, 4.0 + number % 2, False


def test_statistics_come_at_half_time_and_the_result_at_the_end() -> None:
    assert learn(usual, windows=119).statistics is None
    assert learn(usual, windows=120).statistics is not None
    assert learn(usual, windows=239).result is None
    assert learn(usual, windows=240).result is not None


def test_progress_goes_from_0_to_1() -> None:
    assert SelfCalibration(2.0, INTERVAL, WISH, GRID).progress == 0
    assert learn(usual, windows=60).progress == pytest.approx(0.25)
    assert learn(usual, windows=500).progress == 1


def test_the_first_half_says_what_is_usual() -> None:
    """Terms 4 and 5 in turn: mean 4.5, spread 0.5, of which 0.3, with a floor of 3: √9.09 · 0.5."""
    statistics = learn(usual).statistics
    assert statistics is not None
    assert statistics.mean.shape == (5, *GRID)
    assert statistics.mean == pytest.approx(4.5)
    assert statistics.scale == pytest.approx(np.sqrt(9.09) * 0.5, rel=1e-5)


def test_the_second_half_says_the_threshold() -> None:
    """The map has one value everywhere: each of the picture's six parts scores what it does."""
    result = learn(usual).result
    assert result is not None
    expected = threshold_for([np.array([[n % 7 / 7] * 6 for n in range(120, 240)])], INTERVAL, WISH)
    assert result.threshold == pytest.approx(expected.value)
    assert result.median == pytest.approx(expected.median)
    assert (result.windows, result.minutes) == (120, 1.0)


def test_scores_of_the_first_half_do_not_matter() -> None:
    result = learn(lambda n: (1000.0 if n < 120 else n % 7 / 7, 1.0 + n % 2, False)).result
    assert result is not None
    assert result.threshold == learn(usual).result.threshold  # type: ignore[union-attr]


def test_what_lies_within_an_alarm_is_left_out() -> None:
    """Four windows of each half, 3 %, are far from normal."""

    def visited(number: int) -> tuple[float, float, bool]:
        return (50.0, 900.0, True) if number % 120 in range(50, 54) else usual(number)

    result = learn(visited).result
    assert result is not None
    assert result.statistics.mean == pytest.approx(4.5, abs=0.02)
    assert result.threshold < 20
    assert result.windows == 116
    assert result.warning is not None
    assert result.warning.startswith("1 alarm of the second half, 3.3% of it, was left out")


def test_more_than_five_percent_of_the_first_half_left_out_is_said() -> None:
    result = learn(lambda n: (9.0, 9.0, True) if n % 10 == 0 and n < 120 else usual(n)).result
    assert result is not None
    assert result.warning is not None
    assert result.warning.startswith("10% of the first half lay within an alarm and was left out")


def test_what_was_a_rise_and_no_alarm_is_normal_life() -> None:
    """Two windows in a row over the old threshold; an alarm takes three."""
    result = learn(lambda n: (9.0, 4.5, True) if n % 40 in (10, 11) else usual(n)).result
    assert result is not None
    assert result.windows == 120


def test_alarms_again_and_again_are_normal_life_at_a_threshold_from_elsewhere() -> None:
    """Four alarms of the second half: without them the new threshold would be below 2."""

    def restless(number: int) -> tuple[float, float, bool]:
        return (9.0, 4.5, True) if number % 30 < 3 and number >= 120 else usual(number)

    result = learn(restless).result
    assert result is not None
    assert result.threshold > 9
    assert result.warning is not None
    assert result.warning.startswith("4 alarms of the second half, 10.0% of it, were taken for")


def test_an_alarm_most_of_the_time_is_this_places_normal_life() -> None:
    """A new camera under statistics from elsewhere: left out, it could never learn."""
    result = learn(lambda n: (usual(n)[0], usual(n)[1], n % 10 != 0)).result
    assert result is not None
    assert result.windows == 120
    assert result.warning is not None
    assert "90% of the first half lay within an alarm and was taken for normal" in result.warning
    assert "alarms of the second half, 90.0% of it, were taken for normal" in result.warning


def test_a_threshold_that_had_to_be_extrapolated_says_so() -> None:
    result = learn(usual).result
    assert result is not None
    assert result.warning is not None
    assert result.warning.startswith("24 false alarms a day cannot be seen in 1.0 minutes")


def test_time_without_windows_does_not_count() -> None:
    calibration = SelfCalibration(2.0, INTERVAL, WISH, GRID)
    calibration.take(window(0, 0.0), alarmed=False)
    calibration.take(window(10_000, 0.0), alarmed=False)
    assert calibration.progress == pytest.approx(2 * INTERVAL / 120)


def test_clocks_that_start_again_do_no_harm() -> None:
    calibration = SelfCalibration(2.0, INTERVAL, WISH, GRID)
    for number in (500, 0, 1):
        calibration.take(window(number, 0.0), alarmed=False)
    assert calibration.progress == pytest.approx(3 * INTERVAL / 120)


def test_windows_on_both_sides_of_an_alarm_do_not_make_another_one() -> None:
    """High scores just before and after what was left out do not last for the alarm's duration."""

    def edges(number: int) -> tuple[float, float, bool]:
        place = number % 60
        if place in (30, 31, 35, 36):
            return 20.0, 4.0 + number % 2, False
        return (30.0, 9.0, True) if place in (32, 33, 34) else usual(number)

    result = learn(edges).result
    assert result is not None
    assert result.threshold < 20


def test_where_windows_come_more_slowly_than_planned_their_real_distance_counts() -> None:
    calibration = SelfCalibration(2.0, INTERVAL, WISH, GRID)
    for number in range(121):
        calibration.take(window(2 * number, number % 5 / 5), alarmed=False)
    assert calibration.result is not None
    assert calibration.result.minutes == pytest.approx(1.0, abs=0.03)
    assert calibration.result.windows == pytest.approx(60, abs=1)


def test_a_processor_that_is_too_busy_makes_windows_rarer_and_calibration_no_longer() -> None:
    """A window every 8 seconds where one every 0.5 was planned: 1 minute is 1 minute."""
    calibration = SelfCalibration(8.0, INTERVAL, WISH, GRID)
    for number in range(0, 60 * 16 + 16, 16):
        calibration.take(window(number, number % 5 / 5), alarmed=False)
    assert calibration.result is not None
    assert calibration.result.minutes == pytest.approx(4.0, rel=0.05)


def far_apart(number: int) -> ScoredWindow:
    """Every window more than ten seconds after the one before."""
    return window(number * 21, number % 5 / 5)


def test_where_nothing_lasts_as_long_as_an_alarm_it_waits_and_then_fails() -> None:
    """0.5 s each, 120 a half; the second half may take three times as long."""
    calibration = SelfCalibration(2.0, INTERVAL, WISH, GRID)
    for number in range(479):
        calibration.take(far_apart(number), alarmed=False)
    assert calibration.result is None
    with pytest.raises(DataError, match=r"no stretch .* as long as an alarm \(1 s\) in 4 minutes"):
        calibration.take(far_apart(479), alarmed=False)


def test_places_that_do_not_count_do_not_end_it() -> None:
    """The upper half of the picture lies in an ignored zone."""
    calibration = SelfCalibration(2.0, INTERVAL, WISH, GRID, recent=2)
    for number in range(240):
        score, term, alarmed = usual(number)
        shown = window(number, score, term)
        shown.result.anomaly_map[:, 0] = -np.inf
        calibration.take(shown, alarmed)
    assert calibration.result is not None
    assert np.isfinite(calibration.result.threshold)


def test_a_map_of_another_graph_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the anomaly map is \(2, 3\), but calibration began"):
        SelfCalibration(2.0, INTERVAL, WISH, (8, 8)).take(window(0, 0.0), alarmed=False)


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(DataError, match="score is nan"):
        learn(lambda n: (float("nan") if n == 200 else 0.0, 1.0, False))


def test_minutes_too_few_for_an_alarm_are_refused() -> None:
    with pytest.raises(ValueError, match=r"0.04 minutes, but needs 0.05 or more"):
        SelfCalibration(0.04, INTERVAL, WISH, GRID)
