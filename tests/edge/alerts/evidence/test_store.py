from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ocrgan_edge.alerts.evidence.store import MOST_PIECES, MOST_WAITING, EvidenceStore, Piece
from ocrgan_edge.whole_file import unfinished_name, write_whole

Open = Callable[..., EvidenceStore]
PATH = "door/2026-01-02/000001-e.jpg"


def test_a_piece_is_written_below_the_folder(open_store: Open, tmp_path: Path) -> None:
    piece, store = Piece(PATH), open_store()
    store.keep(piece, lambda: b"picture", 7)
    store.close()
    assert (tmp_path / "evidence" / PATH).read_bytes() == b"picture"
    assert (piece.state, store.dropped) == ("kept", 0)


def test_a_newer_version_replaces_the_file(open_store: Open, tmp_path: Path) -> None:
    piece, store = Piece(PATH), open_store()
    store.keep(piece, lambda: b"first", 5)
    store.keep(piece, lambda: b"second", 6)
    store.close()
    assert (tmp_path / "evidence" / PATH).read_bytes() == b"second"


def test_pieces_are_made_on_a_thread_of_low_priority(open_store: Open) -> None:
    nice: list[int] = []

    def make() -> bytes:
        nice.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return b""

    store = open_store()
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    store.keep(Piece(PATH), make, 0)
    store.close()
    assert nice == [min(own + 10, 19)] or nice == [10]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own


@pytest.fixture
def busy(open_store: Open, until: Callable[[Callable[[], object]], None]) -> EvidenceStore:
    """A store whose thread is held up by its first piece until the store is closed."""
    store, begun = open_store(), threading.Event()

    def make() -> bytes:
        begun.set()
        until(lambda: store.closing)
        return b""

    store.keep(Piece(PATH), make, 0)
    assert begun.wait(10)
    return store


def test_what_does_not_fit_into_the_queue_is_given_up_and_counted(busy: EvidenceStore) -> None:
    first, second = Piece("a"), Piece("b")
    busy.keep(first, lambda: b"", MOST_WAITING)
    busy.keep(second, lambda: b"", 1)
    assert (first.state, second.state, busy.dropped) == ("waiting", "lost", 1)


def test_the_queue_has_room_for_so_many_pieces_and_what_is_lost_is_told_once(
    busy: EvidenceStore, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    for _ in range(MOST_PIECES + 3):
        busy.keep(Piece("a"), lambda: b"", 0)
    assert busy.dropped == 3
    assert caplog.messages == [f"evidence comes faster than it can be kept in {tmp_path}/evidence"]


def test_what_waits_is_written_at_the_end(busy: EvidenceStore, tmp_path: Path) -> None:
    piece = Piece("door/2026-01-02/000002-e.jpg")
    busy.keep(piece, lambda: b"late", 4)
    busy.close()
    assert (tmp_path / "evidence" / piece.path).read_bytes() == b"late"


def test_after_the_end_everything_is_given_up(open_store: Open) -> None:
    store, piece = open_store(), Piece(PATH)
    store.close()
    store.keep(piece, lambda: b"", 0)
    assert (piece.state, store.dropped) == ("lost", 1)


def test_a_hung_disk_does_not_hold_up_the_end(open_store: Open) -> None:
    hung, store, waits = threading.Event(), open_store(), Piece("b")
    store.keep(Piece(PATH), lambda: b"x" if hung.wait(10) else b"", 1)
    store.keep(waits, lambda: b"", 0)
    store.close(timeout=0.1)
    assert (waits.state, store.dropped) == ("lost", 1)
    hung.set()


def test_a_piece_that_cannot_be_made_is_counted_and_the_next_one_is_written(
    open_store: Open, tmp_path: Path
) -> None:
    def fail() -> bytes:
        raise ValueError("no picture")

    broken, piece, store = Piece("a"), Piece(PATH), open_store()
    store.keep(broken, fail, 0)
    store.keep(piece, lambda: b"picture", 7)
    store.close()
    assert (broken.state, piece.state, store.dropped) == ("lost", "kept", 1)


def test_a_kept_piece_stays_kept_when_its_newer_version_is_lost(open_store: Open) -> None:
    piece, store = Piece(PATH), open_store()
    store.keep(piece, lambda: b"first", 5)
    store.keep(piece, lambda: b"x" * (MOST_WAITING + 1), MOST_WAITING + 1)
    store.close()
    assert (piece.state, store.dropped) == ("kept", 1)


def test_the_folder_is_within_its_limits_from_the_start(tmp_path: Path, open_store: Open) -> None:
    old = tmp_path / "evidence" / PATH
    old.parent.mkdir(parents=True)
    old.write_bytes(b"x")
    os.utime(old, (1_704_067_300, 1_704_067_300))  # 2024-01-01
    open_store().close()
    assert not old.exists()


def test_a_file_is_never_seen_before_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.jpg"
    (tmp_path / "a" / unfinished_name("b.jpg")).mkdir(parents=True)  # nothing can be written there
    path.write_bytes(b"old")
    with pytest.raises(IsADirectoryError):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
