"""Whatever happens to the disk, a loss of evidence is counted, told once, and over by itself."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrgan_edge.alerts.evidence.camera import CameraEvidence, Keep
from ocrgan_edge.alerts.evidence.retention import Limits
from ocrgan_edge.alerts.evidence.store import EvidenceStore, Piece

LONG = os.environ.get("OCRGAN_FAULTS") == "long"
WALL = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PAGE = 4096
PICTURE = b"x" * 3 * PAGE
Mount = Callable[..., Path]


def wait_until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 15
    while not true():
        assert time.monotonic() < end, "not within 15 s"
        time.sleep(0.002)


def piece(number: int = 1) -> Piece:
    return Piece(f"door/2026-01-02/{number:06}-e.jpg")


def keep(store: EvidenceStore, kept: Piece, data: bytes = PICTURE) -> str:
    """Has a piece written; says what became of it."""
    before = store.dropped
    store.keep(kept, lambda: data, len(data))
    wait_until(lambda: kept.state == "kept" or store.dropped > before)
    return kept.state


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "foreign"]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a small file system in memory."""
    if os.geteuid() != 0:
        assert "CI" not in os.environ, "CI must run as root: nothing is skipped there"
        pytest.skip("mounting a small file system takes root")
    disk = tmp_path / "disk"

    def make(options: str) -> Path:
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "evidence", disk], check=True)
        return disk

    yield make
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.fixture
def open_store() -> Iterator[Callable[..., EvidenceStore]]:
    stores: list[EvidenceStore] = []

    def make(folder: Path, free_megabytes: float = 0.0) -> EvidenceStore:
        stores.append(EvidenceStore(folder, Limits(free_megabytes=free_megabytes)))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


@pytest.mark.parametrize(
    "options",
    [
        *(f"size={PAGE * pages}" for pages in (1, 2)),
        # There is no room for: the camera's folder, the day's folder, the file.
        *(f"size=1M,nr_inodes={inodes}" for inodes in (1, 2, 3)),
    ],
)
def test_a_disk_that_is_full_at_any_step_of_writing_keeps_nothing_by_halves(
    mount: Mount, open_store: Callable[..., EvidenceStore], options: str
) -> None:
    disk = mount(options)
    store = open_store(disk)
    assert keep(store, piece()) == "lost"
    assert store.dropped == 1
    assert files_in(disk) == []


def test_a_full_disk_is_told_once_and_forgotten_when_there_is_room_again(
    mount: Mount, open_store: Callable[..., EvidenceStore], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    disk = mount("size=64k")
    foreign = disk / "foreign"
    foreign.write_bytes(b"x" * 14 * PAGE)
    store = open_store(disk / "evidence")
    assert [keep(store, piece(number)) for number in range(5)] == ["lost"] * 5
    foreign.unlink()
    assert keep(store, piece(9)) == "kept"
    wait_until(lambda: not store.failing)
    assert store.dropped == 5
    assert [message.partition(":")[0] for message in caplog.messages] == [
        f"evidence cannot be kept in {disk}/evidence",
        f"evidence is kept again in {disk}/evidence",
    ]
    assert "no room for" in caplog.messages[0]


def test_evidence_leaves_the_free_space_that_it_was_told_to_leave(
    mount: Mount, open_store: Callable[..., EvidenceStore]
) -> None:
    disk = mount("size=2M")
    store = open_store(disk, free_megabytes=1.0)
    for number in range(120):
        assert keep(store, piece(number)) == "kept"
        assert shutil.disk_usage(disk).free >= 1_000_000
    kept = sorted(int(path.name[:6]) for path in files_in(disk))
    assert 70 <= len(kept) <= 90
    assert kept == list(range(120 - len(kept), 120))
    assert store.dropped == 0


def test_others_may_fill_the_disk_and_the_oldest_evidence_makes_room(
    mount: Mount, open_store: Callable[..., EvidenceStore]
) -> None:
    disk = mount("size=2M")
    store = open_store(disk, free_megabytes=1.0)
    for number in range(60):
        keep(store, piece(number))
    (disk / "foreign").write_bytes(b"x" * 100 * PAGE)
    assert keep(store, piece(60)) == "kept"
    assert shutil.disk_usage(disk).free >= 1_000_000
    assert min(int(path.name[:6]) for path in files_in(disk)) > 0


def test_a_disk_that_turns_read_only_and_back_is_used_again(
    mount: Mount, open_store: Callable[..., EvidenceStore], caplog: pytest.LogCaptureFixture
) -> None:
    disk = mount("size=1M")
    store = open_store(disk)
    assert keep(store, piece(1)) == "kept"
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    assert [keep(store, piece(number)) for number in (2, 3)] == ["lost", "lost"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Read-only file system" in caplog.messages[0]
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    assert keep(store, piece(4)) == "kept"
    assert store.dropped == 2


def test_old_evidence_on_a_read_only_disk_is_told_once(
    mount: Mount, open_store: Callable[..., EvidenceStore], caplog: pytest.LogCaptureFixture
) -> None:
    disk = mount("size=1M")
    for number in range(5):
        path = disk / piece(number).path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (1_704_067_300, 1_704_067_300))  # 2024-01-01
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    open_store(disk).close()
    assert len(files_in(disk)) == 5
    assert len(caplog.messages) == 1
    assert "cannot be removed: Read-only file system" in caplog.messages[0]


def test_a_folder_that_vanishes_is_made_again(
    tmp_path: Path, open_store: Callable[..., EvidenceStore]
) -> None:
    store = open_store(tmp_path / "evidence")
    assert keep(store, piece(1)) == "kept"
    shutil.rmtree(tmp_path / "evidence")
    assert keep(store, piece(2)) == "kept"
    assert [path.name for path in files_in(tmp_path)] == ["000002-e.jpg"]


def test_a_full_disk_is_nothing_to_the_threads_that_see_and_score(
    mount: Mount, open_store: Callable[..., EvidenceStore]
) -> None:
    store = open_store(mount("size=16k,nr_inodes=1"))  # of which the mount itself takes one
    evidence = CameraEvidence("door", store, Keep(before=1, after=0, width=64))
    references = []
    for number in range(3):
        for tick in range(20):
            evidence.see(np.zeros((64, 64, 3), np.uint8), number * 10 + tick / 10)
        evidence.begin(f"e{number}", number * 10 + 1.0, WALL)
        references.append(evidence.end(f"e{number}", number * 10 + 1.5))
        wait_until(lambda lost=number + 1: store.dropped == lost)
    assert references[0].clip is not None  # nobody knew yet
    assert [kept.clip for kept in references[1:]] == [None, None]


WRITER = """
import itertools, sys
from pathlib import Path
import cv2, numpy as np
from ocrgan_edge.alerts.evidence.store import EvidenceStore, Piece
store = EvidenceStore(Path(sys.argv[1]))
_, jpeg = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 255, (256, 256, 3), np.uint8))
for number in itertools.count():
    piece = Piece(f"door/2026-01-02/{number % 50:06}-e.jpg")
    store.keep(piece, jpeg.tobytes, len(jpeg))
    while piece.state != "kept":
        pass
    print(number, flush=True)
"""


@pytest.mark.slow
def test_a_daemon_killed_while_it_writes_leaves_whole_files_only(
    tmp_path: Path, open_store: Callable[..., EvidenceStore]
) -> None:
    rng = np.random.default_rng(1)
    for _ in range(100 if LONG else 6):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(rng.uniform(0, 0.3))
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        assert all(cv2.imread(str(path)) is not None for path in tmp_path.rglob("*.jpg"))
    open_store(tmp_path).close()
    assert {path.suffix for path in files_in(tmp_path)} == {".jpg"}


@pytest.mark.slow
def test_feed_and_scoring_threads_do_not_disturb_each_other(
    tmp_path: Path, open_store: Callable[..., EvidenceStore]
) -> None:
    """Events of two threads' making while frames arrive at full speed: all clips are whole."""
    store = open_store(tmp_path)
    evidence = CameraEvidence("door", store, Keep(before=1, after=1, width=64))
    events = 1000 if LONG else 40
    done, newest, open_files = threading.Event(), [0.0], len(os.listdir("/proc/self/fd"))

    def feed() -> None:
        image = np.zeros((64, 64, 3), np.uint8)
        while not done.is_set():
            evidence.see(image, newest[0])
            newest[0] += 0.1

    feeding = threading.Thread(target=feed)
    feeding.start()
    wait_until(lambda: newest[0] > 3)
    names = []
    for number in range(events):
        began = newest[0]
        names.append(evidence.begin(f"e{number}", began, WALL).clip)
        wait_until(lambda began=began: newest[0] > began + 1)
        assert evidence.end(f"e{number}", began + 1).clip == names[-1]
        if number >= 20:  # frames are faster here than any encoder: it must not fall behind
            wait_until((tmp_path / str(names[number - 20])).exists)
    done.set()
    feeding.join()
    evidence.close()
    store.close(60)
    assert store.dropped == 0
    for name in names:
        clip = cv2.VideoCapture(str(tmp_path / str(name)))
        frames = clip.get(cv2.CAP_PROP_FRAME_COUNT)
        clip.release()
        assert 28 <= frames <= 31  # 1 s before, 1 s, 1 s after, at 10 frames a second
    assert len(os.listdir("/proc/self/fd")) <= open_files
