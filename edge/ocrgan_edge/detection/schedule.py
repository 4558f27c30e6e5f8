"""When a camera is armed: hours and weekdays by the clock on the wall.

An entry is hours (`22:00-06:00`), weekdays (`Sat,Sun`), or both (`Mon-Fri 08:00-18:00`). Hours that
reach over midnight belong to the day on which they begin. What counts is the local wall clock: on
the day when clocks change, `08:00` is still eight in the morning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from ocrgan_edge.errors import SettingsError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ALL_DAYS = frozenset(range(7))
DAY = 24 * 60
"""Minutes."""
HOURS = re.compile(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)")


@dataclass(frozen=True, slots=True)
class Span:
    """Hours of some weekdays."""

    days: frozenset[int]
    """0 is Monday: days on which it begins."""
    start: int = 0
    """Minutes after midnight."""
    end: int = DAY
    """Minutes after midnight, not included; below `start` it lies on the next day."""

    def covers(self, weekday: int, minute: int) -> bool:
        """Whether a minute of a weekday lies inside."""
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        evening = weekday in self.days and minute >= self.start
        return evening or ((weekday - 1) % 7 in self.days and minute < self.end)


class Schedule:
    """The times at which a camera is armed; without entries it always is."""

    def __init__(self, entries: Sequence[str] = (), zone: tzinfo | None = None) -> None:
        """Reads the entries.

        Args:
            entries: see the module; armed where any of them says so.
            zone: whose wall clock counts; the system's if not given.

        Raises:
            SettingsError: an entry cannot be read.
        """
        self._spans = tuple(parse_entry(entry) for entry in entries)
        self._zone = zone

    def armed(self, at: datetime) -> bool:
        """Whether the camera is armed at a moment.

        Raises:
            ValueError: `at` has no time zone.
        """
        if at.tzinfo is None:
            raise ValueError(f"{at} has no time zone")
        local = at.astimezone(self._zone)
        minute = local.hour * 60 + local.minute
        return not self._spans or any(span.covers(local.weekday(), minute) for span in self._spans)


def parse_entry(entry: str) -> Span:
    """Reads one entry.

    Raises:
        SettingsError: it is not weekdays, hours, or both.
    """
    text = entry.strip()
    hours = HOURS.search(text)
    if hours is None:
        return Span(_days(entry, text))
    named = text[: hours.start()].strip()
    start, end = (_minute(entry, *hours.group(n, n + 1)) for n in (1, 3))
    if hours.end() != len(text) or start in (DAY, end):
        raise _refused(entry)
    return Span(_days(entry, named) if named else ALL_DAYS, start, end)


def _minute(entry: str, hour: str, minute: str) -> int:
    since_midnight = int(hour) * 60 + int(minute)
    if int(minute) > 59 or since_midnight > DAY:
        raise _refused(entry)
    return since_midnight


def _days(entry: str, text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.split(","):
        first, dash, last = (name.strip() for name in part.partition("-"))
        start = _day(entry, first)
        end = _day(entry, last) if dash else start
        days |= {(start + n) % 7 for n in range((end - start) % 7 + 1)}
    return frozenset(days)


def _day(entry: str, name: str) -> int:
    try:
        return DAYS.index(name.capitalize())
    except ValueError:
        raise _refused(entry) from None


def _refused(entry: str) -> SettingsError:
    return SettingsError(
        f"schedule entry is {entry!r}, but must look like '22:00-06:00', 'Sat,Sun' "
        "or 'Mon-Fri 08:00-18:00'"
    )
