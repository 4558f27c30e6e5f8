from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.detection.schedule import Schedule
from ocrgan_edge.errors import SettingsError

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2024, 1, 1, tzinfo=BERLIN)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of the first week of 2024, day 0 is Monday."""
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


def armed(when: datetime, *entries: str) -> bool:
    return Schedule(entries, BERLIN).armed(when)


def test_without_entries_it_is_always_armed() -> None:
    assert armed(at(2, 3))


def test_hours_hold_from_the_first_minute_until_before_the_last() -> None:
    times = (at(0, 7, 59), at(0, 8), at(0, 17, 59), at(0, 18))
    assert [armed(t, "08:00-18:00") for t in times] == [False, True, True, False]


def test_hours_may_reach_over_midnight() -> None:
    times = (at(0, 21, 59), at(0, 22), at(1, 0), at(1, 5, 59), at(1, 6))
    assert [armed(t, "22:00-06:00") for t in times] == [False, True, True, True, False]


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    assert armed(at(4, 23), "Fri 22:00-06:00")
    assert armed(at(5, 5), "Fri 22:00-06:00")
    assert not armed(at(4, 5), "Fri 22:00-06:00")


def test_sunday_night_ends_on_monday() -> None:
    assert armed(at(7, 5), "Sun 22:00-06:00")


def test_weekdays_alone_mean_all_day() -> None:
    assert [armed(at(day, 0), "Sat,Sun") for day in range(7)] == [False] * 5 + [True] * 2
    assert armed(at(6, 23, 59), "Sat,Sun")


def test_a_range_of_days_may_reach_over_sunday() -> None:
    found = [armed(at(day, 12), "Fri-Mon") for day in range(7)]
    assert found == [True, False, False, False, True, True, True]


def test_days_and_hours_can_be_mixed_and_written_in_any_case() -> None:
    found = [armed(at(day, 9), "mon, WED-fri 8:00 - 18:00") for day in range(7)]
    assert found == [True, False, True, True, True, False, False]


def test_24_00_is_the_end_of_the_day() -> None:
    assert armed(at(0, 23, 59), "20:00-24:00")
    assert not armed(at(1, 0), "20:00-24:00")


def test_any_entry_is_enough() -> None:
    assert armed(at(5, 12), "Mon-Fri 08:00-18:00", "Sat,Sun")


def test_a_moment_given_in_another_zone_is_read_on_the_local_clock() -> None:
    assert armed(datetime(2024, 1, 1, 21, 30, tzinfo=UTC), "22:00-23:00")


def test_eight_in_the_morning_stays_eight_when_clocks_change() -> None:
    """Summer time began in Berlin on 31 March 2024, at 02:00 = 01:00 UTC."""
    before = datetime(2024, 3, 30, 7, 0, tzinfo=UTC)
    after = datetime(2024, 3, 31, 6, 0, tzinfo=UTC)
    assert armed(before, "08:00-09:00")
    assert armed(after, "08:00-09:00")
    assert not armed(after + timedelta(hours=1), "08:00-09:00")


def test_an_hour_that_comes_twice_is_armed_twice() -> None:
    """Summer time ended in Berlin on 27 October 2024: 02:30 came at 00:30 and 01:30 UTC."""
    for hour in (0, 1):
        assert armed(datetime(2024, 10, 27, hour, 30, tzinfo=UTC), "02:00-03:00")


def test_the_systems_zone_is_taken_where_none_is_given() -> None:
    local = datetime(2024, 1, 1, 12, 0).astimezone()
    assert Schedule(["11:59-12:01"]).armed(local.astimezone(UTC))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        Schedule().armed(datetime(2024, 1, 1))


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "always",
        "8-18",
        "08:00",
        "25:00-26:00",
        "08:60-09:00",
        "08:00-08:00",
        "24:00-06:00",
        "08:00-18:00 Mon",
        "Mon-",
        "Mon,,Tue",
        "Mo 08:00-18:00",
        "08:00-12:00, 13:00-18:00",
    ],
)
def test_a_bad_entry_is_refused_by_name(entry: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Schedule([entry])
    assert str(refused.value).startswith(f"schedule entry is {entry!r}, but must look like")


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 7 * 1440))
def test_hours_and_their_complement_share_the_day(start: int, end: int, minutes: int) -> None:
    if start == end:
        return
    one, other = (f"{m // 60:02}:{m % 60:02}" for m in (start, end))
    when = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    inside = Schedule([f"{one}-{other}"], UTC).armed(when)
    assert inside != Schedule([f"{other}-{one}"], UTC).armed(when)
