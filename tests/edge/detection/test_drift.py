"""Drift: what is usual follows slowly, within bounds, and never an anomaly.

A minute lies between windows, so that days are short; a window's terms have one frame.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_edge.detection.drift import FARTHEST, WIDEST, Drift, Moments
from ocrgan_edge.runtime.scorer import LocationStatistics

GRID = (5, 2, 3)
INTERVAL = 60.0
DAY = 1440
"""Windows."""
SPREAD = 0.5
MEDIAN, THRESHOLD = 0.18, 0.4
WAY = THRESHOLD - MEDIAN
CALIBRATED = LocationStatistics(
    np.full(GRID, 4.0, np.float32), np.full(GRID, np.sqrt(10) * SPREAD, np.float32)
)
SCALE = float(CALIBRATED.scale[0, 0, 0])


def terms_at(values: NDArray[np.float64] | float) -> NDArray[np.float32]:
    return np.broadcast_to(np.asarray(values, np.float32), GRID)[:, None].copy()


def score(terms: NDArray[np.float32], by: LocationStatistics) -> float:
    """As graphs score: weighted sum of standardised terms at the worst place."""
    unusual = np.clip((terms[:, 0] - by.mean) / by.scale, -3, 30)
    return float(unusual.mean(axis=0).max())


def life(shift: Callable[[int], float], windows: int, seed: int) -> list[NDArray[np.float32]]:
    """Normal life whose light shifts every term, in scales."""
    noise = np.random.default_rng(seed).normal(4.0, SPREAD, (windows, *GRID))
    return [terms_at(noise[number] + SCALE * shift(number)) for number in range(windows)]


def follow(drift: Drift, windows: list[NDArray[np.float32]]) -> list[bool]:
    """Shows windows as a camera does; says which of them lay above the threshold."""
    above = []
    for number, terms in enumerate(windows):
        value = score(terms, drift.statistics)
        above.append(value > THRESHOLD)
        drift.take(terms, number * INTERVAL, calm=value < MEDIAN + 0.7 * WAY, alarmed=above[-1])
    return above


@pytest.fixture
def drift() -> Drift:
    return Drift(CALIBRATED, WAY, INTERVAL, recent=1)


def test_it_begins_at_the_calibrated_statistics(drift: Drift) -> None:
    assert drift.statistics is CALIBRATED
    assert drift.used == pytest.approx(0, abs=1e-5)
    assert drift.moments.scale == pytest.approx(CALIBRATED.scale, rel=1e-5)


@pytest.mark.slow
def test_a_slow_change_of_light_over_days_keeps_the_rate_of_false_alarms(drift: Drift) -> None:
    """Over 12 days all terms rise by 0.05 scales, a quarter of the way to the threshold."""
    light = life(lambda n: 0.05 * min(n / (12 * DAY), 1), 14 * DAY, seed=1)
    usual = life(lambda n: 0.0, 3 * DAY, seed=3)
    before = sum(score(terms, CALIBRATED) > THRESHOLD for terms in usual)
    without = sum(score(terms, CALIBRATED) > THRESHOLD for terms in light[-3 * DAY :])
    followed = sum(follow(drift, light)[-3 * DAY :])
    assert without > 2 * before
    assert followed < 1.6 * before
    assert 0 < drift.used < 1


def test_unchanged_life_stays_where_it_was_calibrated(drift: Drift) -> None:
    follow(drift, life(lambda n: 0.0, DAY, seed=4))
    assert drift.statistics.mean == pytest.approx(4.0, abs=0.05 * SCALE)
    assert drift.statistics.scale == pytest.approx(SCALE, rel=0.05)


def test_an_anomaly_that_stays_for_hours_is_not_learned(drift: Drift) -> None:
    for number in range(DAY // 4):
        drift.take(terms_at(9.0), number * INTERVAL, calm=False, alarmed=True)
    assert drift.used == pytest.approx(0, abs=1e-5)


def test_what_lies_between_release_and_threshold_is_not_learned_either(drift: Drift) -> None:
    for number in range(DAY // 4):
        drift.take(terms_at(5.0), number * INTERVAL, calm=False, alarmed=False)
    assert drift.used == pytest.approx(0, abs=1e-5)


@pytest.mark.slow
def test_a_frog_that_is_boiled_slowly_still_jumps(drift: Drift) -> None:
    """Something gets a little stronger each day, and is always said to be calm."""
    place = np.zeros(GRID)
    place[:, 0, 0] = 1
    strong = 1.25 * THRESHOLD + FARTHEST * WAY + 0.01
    assert score(terms_at(4 + SCALE * strong * place), CALIBRATED) > THRESHOLD
    for number in range(10 * DAY):
        terms = terms_at(4 + SCALE * 3 * place * number / (10 * DAY))
        drift.take(terms, number * INTERVAL, calm=True, alarmed=False)
    assert drift.used == 1
    assert (drift.statistics.mean <= 4 + FARTHEST * WAY * SCALE + 1e-5).all()
    assert (drift.statistics.scale <= WIDEST * SCALE + 1e-5).all()
    assert score(terms_at(4 + SCALE * strong * place), drift.statistics) > THRESHOLD


@pytest.mark.slow
def test_a_quiet_week_makes_nothing_more_easily_unusual(drift: Drift) -> None:
    """Nothing varies: scales stay as they are."""
    for number in range(14 * DAY // 2):
        drift.take(terms_at(3.9), number * INTERVAL, calm=True, alarmed=False)
    assert drift.statistics.scale == pytest.approx(SCALE)
    assert drift.statistics.mean == pytest.approx(4 - 0.08, abs=0.01)


def test_half_of_what_is_usual_stems_from_the_last_three_days() -> None:
    far = Drift(CALIBRATED, 100.0, INTERVAL, recent=1)
    for number in range(3 * DAY + 4):
        far.take(terms_at(5.0), number * INTERVAL, calm=True, alarmed=False)
    assert far.moments.mean == pytest.approx(4.5, abs=0.01)


@pytest.mark.parametrize("alarmed", range(2, 8))
def test_nothing_is_learned_within_a_minute_of_an_alarm(alarmed: int) -> None:
    """Each block is one window; the first is never learned. An alarm spoils its neighbours, too."""
    drift = Drift(CALIBRATED, 1e9, INTERVAL, recent=1)
    learned = []
    for number in range(14):
        # Each window is told apart by what it would do to the mean.
        before = drift.moments.mean.copy()
        drift.take(
            terms_at(4 + 2.0**number), number * INTERVAL, calm=True, alarmed=number == alarmed
        )
        if (drift.moments.mean != before).any():
            learned.append(number - 1)
    spoiled = {alarmed + step for step in (-1, 0, 1)} | {0}
    assert learned == [block for block in range(13) if block not in spoiled]


def test_a_pause_spoils_what_is_near_it(drift: Drift) -> None:
    for number in range(2):
        drift.take(terms_at(9.0), number * INTERVAL, calm=True, alarmed=False)
    drift.pause()
    for number in range(2, 6):
        drift.take(terms_at(4.0), number * INTERVAL, calm=True, alarmed=False)
    assert drift.used == pytest.approx(0, abs=1e-5)


def test_a_restart_goes_on_where_it_stood() -> None:
    drift = Drift(CALIBRATED, WAY, INTERVAL, recent=1)
    follow(drift, life(lambda n: 0.05, DAY, seed=5))
    again = Drift(CALIBRATED, WAY, INTERVAL, recent=1, kept=drift.moments)
    assert again.used == pytest.approx(drift.used)
    assert again.statistics.mean == pytest.approx(drift.moments.mean, rel=1e-6)


def test_what_was_kept_is_held_within_the_bounds() -> None:
    kept = Moments(np.full(GRID, 400.0), np.full(GRID, 1e9))
    drift = Drift(CALIBRATED, WAY, INTERVAL, recent=1, kept=kept)
    assert (drift.statistics.mean <= 4 + FARTHEST * WAY * SCALE + 1e-5).all()
    assert (drift.statistics.scale <= WIDEST * SCALE + 1e-5).all()


def test_terms_that_are_no_numbers_are_not_learned(drift: Drift) -> None:
    for number in range(20):
        drift.take(terms_at(np.nan), number * INTERVAL, calm=True, alarmed=False)
    assert np.isfinite(drift.moments.mean).all()
