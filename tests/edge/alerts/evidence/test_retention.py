from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ocrgan_edge.alerts.evidence.retention import DAY, Limits, Retention

NOW = 1_800_000_000.0
PLENTY = Limits(days=14, megabytes=1, free_megabytes=0)
SIZE = 100_000


def put(folder: Path, name: str, age: float = 0.0, size: int = SIZE) -> Path:
    """A file of our own that was written `age` days ago."""
    path = folder / "door" / "2026-01-02" / f"{name}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (NOW - age * DAY, NOW - age * DAY))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.rglob("*.*"))


def swept(folder: Path, limits: Limits = PLENTY, now: float = NOW) -> Retention:
    retention = Retention(folder, limits, lambda: now)
    retention.sweep()
    return retention


def test_files_beyond_their_days_are_removed(tmp_path: Path) -> None:
    put(tmp_path, "000001-old", age=14.1)
    put(tmp_path, "000002-new", age=13.9)
    swept(tmp_path)
    assert names(tmp_path) == ["000002-new"]


def test_the_oldest_go_first_when_there_are_too_many_bytes(tmp_path: Path) -> None:
    for number in range(13):
        put(tmp_path, f"{number:06}-e", age=13 - number)
    swept(tmp_path)
    assert names(tmp_path) == [f"{number:06}-e" for number in range(3, 13)]


def test_room_is_made_before_a_file_is_written(tmp_path: Path) -> None:
    for number in range(10):
        put(tmp_path, f"{number:06}-e", age=13 - number)
    swept(tmp_path).make_room(2 * SIZE)
    assert names(tmp_path) == [f"{number:06}-e" for number in range(2, 10)]


def test_what_was_written_counts_at_once(tmp_path: Path) -> None:
    put(tmp_path, "000001-old", age=1)
    retention = swept(tmp_path)
    put(tmp_path, "000002-new", size=9 * SIZE)
    retention.note("door/2026-01-02/000002-new.jpg", 9 * SIZE)
    retention.make_room(SIZE)
    assert names(tmp_path) == ["000002-new"]


def test_a_file_that_is_written_again_counts_once(tmp_path: Path) -> None:
    put(tmp_path, "000001-old", age=1, size=6 * SIZE)
    retention = swept(tmp_path)
    for _ in range(5):
        retention.note("door/2026-01-02/000001-old.jpg", 6 * SIZE)
    retention.make_room(4 * SIZE)
    assert names(tmp_path) == ["000001-old"]


def test_what_can_never_find_room_is_refused_and_nothing_is_removed_for_it(tmp_path: Path) -> None:
    put(tmp_path, "000001-e")
    with pytest.raises(OSError, match="no room for 2.0 MB within 1 MB of evidence"):
        swept(tmp_path).make_room(20 * SIZE)
    assert names(tmp_path) == ["000001-e"]


def test_the_free_space_of_others_is_left_alone(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free / 1e6
    wanted = Limits(days=14, megabytes=1000, free_megabytes=2 * free)
    put(tmp_path, "000001-e")
    with pytest.raises(OSError, match="left free"):
        swept(tmp_path / "elsewhere", wanted).make_room(1)


def test_files_of_others_are_neither_counted_nor_removed(tmp_path: Path) -> None:
    foreign = put(tmp_path, "holiday", age=100, size=50 * SIZE)
    (tmp_path / "notes.txt").write_text("mine")
    swept(tmp_path).make_room(SIZE)
    assert foreign.exists()
    assert (tmp_path / "notes.txt").exists()


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    outside = put(tmp_path / "outside", "000001-e", age=100)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "door").symlink_to(tmp_path / "outside" / "door")
    swept(inside)
    assert outside.exists()


def test_empty_folders_go_with_their_last_file(tmp_path: Path) -> None:
    put(tmp_path, "000001-e", age=100)
    swept(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_was_being_written_when_the_power_went_is_removed(tmp_path: Path) -> None:
    put(tmp_path, "000001-e")
    (tmp_path / "door" / "2026-01-02" / ".000002-e.mp4.part").write_bytes(b"half")
    swept(tmp_path)
    assert names(tmp_path) == ["000001-e"]


def test_a_folder_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    swept(tmp_path / "none").make_room(SIZE)


def test_a_file_that_somebody_removed_is_no_trouble(tmp_path: Path) -> None:
    put(tmp_path, "000001-e", age=1, size=9 * SIZE)
    retention = swept(tmp_path)
    shutil.rmtree(tmp_path / "door")
    retention.make_room(5 * SIZE)


def test_a_clock_that_was_never_set_makes_nothing_old(tmp_path: Path) -> None:
    put(tmp_path, "000001-e", age=-1000)
    swept(tmp_path, now=0.0)
    assert names(tmp_path) == ["000001-e"]


@pytest.mark.parametrize("wrong", [0.0, NOW + 1000 * DAY], ids=["1970", "years ahead"])
def test_files_of_a_wrong_clock_age_from_when_it_is_right(tmp_path: Path, wrong: float) -> None:
    path = put(tmp_path, "000001-e")
    os.utime(path, (wrong, wrong))
    swept(tmp_path)
    assert names(tmp_path) == ["000001-e"]
    swept(tmp_path, now=NOW + 15 * DAY)
    assert names(tmp_path) == []


def test_a_file_that_cannot_be_removed_is_told_once_and_the_others_go(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, forbid_removal: Callable[[str], None]
) -> None:
    forbid_removal("000001-a")
    forbid_removal("000002-b")
    for name in ("000001-a", "000002-b", "000003-c"):
        put(tmp_path, name, age=100)
    swept(tmp_path)
    assert names(tmp_path) == ["000001-a", "000002-b"]
    assert [record.message for record in caplog.records] == [
        f"evidence {tmp_path}/door/2026-01-02/000001-a.jpg cannot be removed: not permitted"
    ]


@pytest.fixture
def forbid_removal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the removal of some files fail: nothing is forbidden to root, who may run the tests."""
    forbidden: set[str] = set()
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.stem in forbidden:
            raise PermissionError(1, "not permitted")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    return forbidden.add
