from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.alerts.evidence.names import (
    evidence_name,
    is_ours,
    is_unfinished,
    safe_part,
)
from ocrgan_edge.whole_file import unfinished_name

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
# Whatever can be one level of a topic, and more.
LEVELS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


def test_a_name_tells_camera_day_time_and_event() -> None:
    assert evidence_name("door", NOON, "e1") == "door/2026-01-02/120000-e1"


def test_days_and_times_are_those_of_utc() -> None:
    evening = datetime(2026, 1, 1, 22, 30, 0, tzinfo=timezone(timedelta(hours=-5)))
    assert evidence_name("door", evening, "e1") == "door/2026-01-02/033000-e1"


@pytest.mark.parametrize(
    ("camera", "folder"),
    [
        ("door", "door"),
        ("..", "%2E."),
        (".", "%2E"),
        ("a b", "a%20b"),
        ("Süd", "S%C3%BCd"),
        ("a\\b:c", "a%5Cb%3Ac"),
        ("v1.2", "v1.2"),
        ("%2E", "%252E"),
    ],
)
def test_any_camera_s_name_becomes_one_folder(camera: str, folder: str) -> None:
    assert safe_part(camera) == folder


@given(LEVELS)
def test_no_name_leaves_its_folder_or_is_too_long_for_it(name: str) -> None:
    part = safe_part(name)
    assert part.isascii()
    assert len(part) <= 100
    assert Path("/evidence", part).resolve().parent == Path("/evidence")


@given(LEVELS, LEVELS)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert (safe_part(one) == safe_part(other)) == (one == other)


def test_long_names_that_differ_only_at_their_end_stay_different() -> None:
    assert safe_part("a" * 300 + "1") != safe_part("a" * 300 + "2")


@given(LEVELS, LEVELS)
def test_our_own_files_are_known_by_their_names(camera: str, event_id: str) -> None:
    path = f"{evidence_name(camera, NOON, event_id)}.jpg"
    assert is_ours(path)
    assert is_unfinished(unfinished_name(Path(path).name))


@pytest.mark.parametrize(
    "path",
    [
        "holiday.jpg",
        "door/holiday.jpg",
        "door/2026-01-02/holiday.jpg",
        "door/2026-01-02/120000-e1.txt",
        "door/january/120000-e1.jpg",
        "a/door/2026-01-02/120000-e1.jpg",
    ],
)
def test_files_of_others_are_not_ours(path: str) -> None:
    assert not is_ours(path)
