"""One thread that puts evidence on the disk, so that nobody else ever waits for the disk."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ocrgan_edge.alerts.evidence.retention import Limits, Retention
from ocrgan_edge.whole_file import write_whole

MOST_WAITING = 64_000_000
"""Bytes that may wait to be written."""

MOST_PIECES = 200

NICENESS = 10

SWEEP_INTERVAL = 3600.0
"""Seconds after which age is looked at even if nothing is written."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Piece:
    """A file of evidence and what became of it; only the store changes its state."""

    path: str
    """Below the evidence folder."""

    state: Literal["named", "waiting", "kept", "lost"] = "named"
    """`kept` stays even if a newer version of the file is lost."""


@dataclass(frozen=True, slots=True)
class _Task:
    piece: Piece
    make: Callable[[], bytes]
    size: int


class EvidenceStore:
    """A folder of evidence within its limits. All methods may be called from any thread.

    Trouble with the disk is told once when it begins and once when it is over; in between every
    file is tried, lost and counted.
    """

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        """Starts the thread, which first brings the folder within its limits.

        Args:
            folder: of all evidence of the node, made when it is needed.
            limits: how much is kept; by default that of `Limits`.
        """
        self.dropped = 0
        """Snapshots and clips lost since the start."""
        self.failing = False
        """Whether the newest file could not be written."""
        self._folder = folder
        self._retention = Retention(folder, limits or Limits())
        self._waiting: deque[_Task] = deque()
        self._bytes = 0
        self.closing = False
        """Whether nothing is taken any more."""
        self._told_full = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="evidence", daemon=True)
        self._thread.start()

    def keep(self, piece: Piece, make: Callable[[], bytes], size: int) -> None:
        """Takes a file to be written; gives it up if too much waits already. Never waits itself.

        Args:
            piece: its place; a file that is there already is replaced.
            make: gives its content, called on the store's thread.
            size: bytes that it holds in memory until then.
        """
        with self._changed:
            full = self._bytes + size > MOST_WAITING or len(self._waiting) >= MOST_PIECES
            if full or self.closing:
                self._lose(piece)
                self._tell_full(full)
                return
            if piece.state != "kept":
                piece.state = "waiting"
            self._waiting.append(_Task(piece, make, size))
            self._bytes += size
            self._changed.notify()

    def give_up(self, piece: Piece) -> None:
        """Counts a piece as lost."""
        with self._changed:
            self._lose(piece)

    def close(self, timeout: float = 10.0) -> None:
        """Writes what waits, for at most `timeout` seconds; counts the rest as lost."""
        with self._changed:
            self.closing = True
            self._changed.notify()
        self._thread.join(timeout)
        with self._changed:
            while self._waiting:
                self._lose(self._waiting.popleft().piece)

    def _run(self) -> None:
        with suppress(OSError):  # forbidden, by systemd for example
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        self._sweep()
        due = time.monotonic() + SWEEP_INTERVAL
        while (task := self._next(due)) is not None or not self.closing:
            if task is not None:
                self._write(task)
            if time.monotonic() >= due:
                self._sweep()
                due = time.monotonic() + SWEEP_INTERVAL

    def _next(self, due: float) -> _Task | None:
        """The oldest task; None when a sweep is due, or when nothing waits at the end."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._waiting or self.closing, max(0.0, due - time.monotonic())
            )
            if not self._waiting:
                return None
            task = self._waiting.popleft()
            self._bytes -= task.size
            self._told_full = self._told_full and bool(self._waiting)
            return task

    def _write(self, task: _Task) -> None:
        path = task.piece.path
        try:
            data = task.make()
        except Exception:  # a picture that no encoder takes must not end the thread
            _log.exception("evidence %s could not be made", path)
            self.give_up(task.piece)
            return
        try:
            self._retention.make_room(len(data))
            _write_in_folders(self._folder / path, data)
        except OSError as error:
            self._tell_failure(error)
            self.give_up(task.piece)
            return
        self._retention.note(path, len(data))
        task.piece.state = "kept"
        if self.failing:
            self.failing = False
            _log.info("evidence is kept again in %s", self._folder)

    def _lose(self, piece: Piece) -> None:
        """With the lock held."""
        if piece.state != "kept":
            piece.state = "lost"
        self.dropped += 1

    def _tell_full(self, full: bool) -> None:
        """Once until nothing waits any more; with the lock held."""
        if full and not self._told_full:
            self._told_full = True
            _log.warning("evidence comes faster than it can be kept in %s", self._folder)

    def _tell_failure(self, error: OSError) -> None:
        if not self.failing:
            self.failing = True
            _log.warning(
                "evidence cannot be kept in %s: %s; alerts go on without it",
                self._folder,
                error.strerror,
            )

    def _sweep(self) -> None:
        try:
            self._retention.sweep()
        except OSError as error:
            _log.warning("evidence in %s cannot be looked through: %s", self._folder, error)


def _write_in_folders(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_whole(path, data)
    except OSError:
        with suppress(OSError):  # folders that were made for nothing
            path.parent.rmdir()
            path.parent.parent.rmdir()
        raise
