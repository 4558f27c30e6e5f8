"""What stays belongs to the scene: a map of 4×6 cells once a second, settled after 100 s."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ocrgan_edge.detection.settled import Settled

GRID = (4, 6)
AFTER = 100.0
RELEASE = 2.0
EVERYTHING = np.ones(GRID, np.bool_)
Map = NDArray[np.float32]


def quiet() -> Map:
    return np.zeros(GRID, np.float32)


def with_a_car(value: float = 5.0, column: int = 0) -> Map:
    """Something at the upper edge."""
    values = quiet()
    values[0, column] = value
    return values


def show(settled: Settled, maps: Iterable[Map], start: float = 0.0, known: bool = True) -> float:
    """One map a second; gives the time after the last."""
    at = start
    for values in maps:
        settled.take(values, RELEASE, at, known)
        at += 1.0
    return at


def settled_car() -> tuple[Settled, float]:
    settled = Settled(AFTER, EVERYTHING)
    return settled, show(settled, [with_a_car()] * 101)


def test_what_stays_settles_after_the_time_and_not_before() -> None:
    settled = Settled(AFTER, EVERYTHING)
    at = show(settled, [with_a_car()] * 100)
    assert settled.places is None
    show(settled, [with_a_car()], at)
    assert settled.places is not None
    assert settled.newest_at == 100.0


def test_it_takes_its_neighbours_with_it_which_it_raises() -> None:
    settled, _ = settled_car()
    assert settled.places is not None
    assert [tuple(place) for place in np.argwhere(settled.places)] == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    ]
    assert settled.share == pytest.approx(4 / 24)


def test_somebody_in_front_of_it_for_a_moment_changes_nothing() -> None:
    settled, at = settled_car()
    show(settled, [*[with_a_car()] * 6, *[quiet()] * 2, *[with_a_car()] * 12], at)
    assert settled.places is not None  # 8 of 10 seconds


def test_its_place_counts_again_when_it_has_gone_and_then_anew_for_what_comes() -> None:
    settled, at = settled_car()
    at = show(settled, [quiet()] * 11, at)
    assert settled.places is None
    show(settled, [with_a_car()] * 90, at)
    assert settled.places is None


def test_what_moves_about_never_settles() -> None:
    settled = Settled(AFTER, EVERYTHING)
    show(settled, [with_a_car(column=second // 20 % 6) for second in range(1000)])
    assert settled.places is None


def test_what_comes_and_goes_never_settles() -> None:
    settled = Settled(AFTER, EVERYTHING)
    half_a_minute = [*[with_a_car()] * 30, *[quiet()] * 30]
    show(settled, half_a_minute * 20)
    assert settled.places is None


@pytest.mark.parametrize("seconds", [1, 2, 3, 5])
def test_nor_where_it_comes_and_goes_within_a_part_of_the_time_however_unusual(seconds) -> None:
    settled = Settled(AFTER, EVERYTHING)
    show(settled, [*[with_a_car(50.0)] * seconds, *[quiet()] * seconds] * 200)
    assert settled.places is None


def test_who_comes_every_now_and_then_is_not_hidden_by_what_stood_there() -> None:
    settled, at = settled_car()
    show(settled, [*[with_a_car(50.0)] * 2, *[quiet()] * 3] * 4, at)
    assert settled.places is None


def test_what_nobody_knows_of_does_not_settle() -> None:
    settled = Settled(AFTER, EVERYTHING)
    show(settled, [with_a_car()] * 300, known=False)
    assert settled.places is None


def test_what_has_settled_stays_so_after_its_event() -> None:
    settled, at = settled_car()
    at = show(settled, [with_a_car()] * 300, at, known=False)
    assert settled.newest_at == 100.0
    show(settled, [with_a_car() + with_a_car(column=5)] * 300, at, known=False)
    assert settled.share == pytest.approx(4 / 24)  # not the second one


def test_forgotten_it_counts_again() -> None:
    settled, at = settled_car()
    settled.forget()
    show(settled, [with_a_car()] * 90, at)
    assert (settled.places, settled.share) == (None, 0.0)


def test_nothing_settles_where_it_is_more_than_half_of_the_map() -> None:
    # A camera that was turned: everything is unusual, and stays so.
    settled = Settled(AFTER, EVERYTHING)
    show(settled, [quiet() + 5] * 300)
    assert settled.places is None


def test_something_always_counts() -> None:
    corner = np.zeros(GRID, np.bool_)
    corner[:2, :2] = True  # 4 places, and the car takes all
    settled = Settled(AFTER, corner)
    show(settled, [with_a_car()] * 300)
    assert settled.places is None


def test_in_a_small_zone_most_of_it_may_settle() -> None:
    corner = np.zeros(GRID, np.bool_)
    corner[:2, :3] = True  # 6 places, of which the car takes 4
    settled = Settled(AFTER, corner)
    show(settled, [with_a_car()] * 300)
    assert settled.share == pytest.approx(4 / 6)


def test_what_settled_outside_of_what_counts_hides_nothing() -> None:
    right = np.zeros(GRID, np.bool_)
    right[:, 3:] = True
    settled = Settled(AFTER, right)
    show(settled, [with_a_car()] * 300)
    assert (settled.share, settled.newest_at) == (0.0, None)


def test_a_pause_as_long_as_the_time_forgets_all() -> None:
    settled, at = settled_car()
    settled.take(with_a_car(), RELEASE, at + AFTER, True)
    assert settled.places is None


def test_a_shorter_pause_forgets_nothing() -> None:
    settled, at = settled_car()
    settled.take(with_a_car(), RELEASE, at + AFTER / 2, True)
    assert settled.places is not None


def test_a_second_car_settles_later_than_the_first() -> None:
    settled, at = settled_car()
    show(settled, [with_a_car() + with_a_car(column=5)] * 200, at)
    assert settled.newest_at == 200.0
    assert settled.share == pytest.approx(8 / 24)


def test_time_that_goes_back_forgets_all() -> None:
    settled, _ = settled_car()
    settled.take(with_a_car(), RELEASE, 0.0, True)
    assert settled.places is None


def test_after_0_seconds_means_never() -> None:
    settled = Settled(0.0, EVERYTHING)
    show(settled, [with_a_car()] * 500)
    assert settled.places is None


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.9, 2.1, 50.0]), st.integers(1, 40)),
        min_size=5,
        max_size=20,
    )
)
def test_nothing_settles_that_was_quiet_for_two_parts_of_the_time(runs) -> None:
    values = [value for value, seconds in runs for _ in range(seconds)]
    settled = Settled(AFTER, EVERYTHING)
    for second, value in enumerate(values):
        settled.take(with_a_car(value), RELEASE, float(second), True)
        if settled.places is not None:
            known = values[max(0, second - 90) : second + 1]
            assert len(known) > 90
            assert all(max(known[i : i + 22]) > RELEASE for i in range(len(known) - 21))
