"""The outbox on disk: one SQLite database, read at the start and then written ahead of the broker.

A write that must outlive a power cut is synced (`synchronous=FULL`); the removal of what the
broker has acknowledged is not: a killed process loses nothing by that, and after a power cut the
broker at worst hears some messages again. Source: sqlite.org/pragma.html#pragma_synchronous.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from ocrgan_edge.alerts.backlog import Waiting
from ocrgan_edge.alerts.event import EventType
from ocrgan_edge.alerts.outbox_changes import Changes

APPLICATION, SCHEMA = 0x4F435247, 1
"""Marks of our database (`OCRG`) and of the tables' form."""
TABLES = """
CREATE TABLE messages (row INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL,
    type TEXT NOT NULL, boot_id TEXT NOT NULL, seq INTEGER, dropped INTEGER NOT NULL,
    size INTEGER NOT NULL, event TEXT NOT NULL);
CREATE TABLE open_events (event_id TEXT PRIMARY KEY, event TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
SYNCHRONOUS = {True: "FULL", False: "NORMAL"}


@dataclass(slots=True)
class Counters:
    """Numbers that go on from start to start."""

    seq: int = 0
    """Last number given."""
    dropped: int = 0
    set_aside: int = 0


@dataclass(slots=True)
class Content:
    """What a database held when it was opened."""

    counters: Counters = field(default_factory=Counters)
    messages: list[Waiting] = field(default_factory=list)
    """Oldest first."""
    open_events: list[str] = field(default_factory=list)
    """Last message of each event that has not ended, as JSON."""


class OutboxFile:
    """An open database that nobody else can open meanwhile. All methods may raise sqlite3.Error."""

    def __init__(self, path: Path | None) -> None:
        """Opens or creates; in memory if `path` is None.

        Raises:
            sqlite3.Error: it cannot be opened, or is no sound outbox; see `outbox_rescue`.
        """
        self._db = sqlite3.connect(path or ":memory:", timeout=1, isolation_level=None)
        try:
            # Nobody else's database then, and no shared-memory file beside it.
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._check()
        except UnicodeDecodeError as error:  # of a damaged schema's names, in SQLite's own message
            self._db.close()
            raise sqlite3.DatabaseError(f"what is wrong with it cannot be told: {error}") from error
        except BaseException:
            self._db.close()
            raise

    def read(self) -> Content:
        """All it holds; the events' texts stay on disk."""
        content = Content()
        read_counters(self._db, content.counters)
        content.messages.extend(read_messages(self._db, "NULL"))
        content.open_events.extend(read_open_events(self._db))
        return content

    def write(self, changes: Changes, counters: Counters) -> None:
        """Does all of it or nothing; the new messages then are on disk only."""
        self._db.execute(f"PRAGMA synchronous={SYNCHRONOUS[changes.must_last]}")
        with self._transaction():
            rows = {message: self._insert(message) for message in changes.new}
            self._db.executemany(
                "UPDATE messages SET seq=?, dropped=? WHERE row=?",
                [(message.seq, message.dropped, message.row) for message in changes.numbered],
            )
            self._db.executemany(
                "DELETE FROM messages WHERE row=?", [(row,) for row in changes.removed]
            )
            self._write_open_events(changes.open_events)
            self._db.executemany(
                "INSERT OR REPLACE INTO counters VALUES (?, ?)",
                [(name, getattr(counters, name)) for name in Counters.__slots__],
            )
        for message, row in rows.items():
            message.row, message.text = row, None

    def text(self, row: int | None) -> str:
        """An event as JSON; empty if it is not there."""
        found = self._db.execute("SELECT event FROM messages WHERE row=?", (row,)).fetchone()
        return str(found[0]) if found else ""

    def close(self) -> None:
        """Closes; what is written stays."""
        self._db.close()

    def _check(self) -> None:
        marks = [
            self._db.execute(f"PRAGMA {mark}").fetchone()[0]
            for mark in ("application_id", "user_version")
        ]
        tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if marks == [0, 0] and not tables:
            with self._transaction():
                for statement in TABLES.split(";")[:-1]:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA application_id={APPLICATION}")
                self._db.execute(f"PRAGMA user_version={SCHEMA}")
        elif marks != [APPLICATION, SCHEMA]:
            raise sqlite3.DatabaseError(f"marks {marks} are not those of an outbox")
        found = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)

    def _insert(self, message: Waiting) -> int:
        columns = ("event_id", "type", "boot_id", "seq", "dropped", "size")
        values = [getattr(message, column) for column in columns]
        cursor = self._db.execute(
            f"INSERT INTO messages ({', '.join(columns)}, event) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [*values, message.text],
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _write_open_events(self, events: dict[str, str | None]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO open_events VALUES (?, ?)",
            [(event_id, text) for event_id, text in events.items() if text is not None],
        )
        self._db.executemany(
            "DELETE FROM open_events WHERE event_id=?",
            [(event_id,) for event_id, text in events.items() if text is None],
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


def read_counters(db: sqlite3.Connection, counters: Counters) -> None:
    """Fills in the counters that are there and can be true."""
    for name, value in db.execute("SELECT name, value FROM counters"):
        if name in Counters.__slots__ and isinstance(value, int) and 0 <= value < 2**53:
            setattr(counters, name, value)


def read_messages(db: sqlite3.Connection, text: str) -> Iterator[Waiting]:
    """All messages, oldest first.

    Args:
        db: a database of this form.
        text: column of the events' texts, or NULL to leave them on disk.

    Raises:
        sqlite3.Error: something there is not what it should be.
    """
    query = f"SELECT row, event_id, type, boot_id, seq, dropped, size, {text} FROM messages"
    now = time.monotonic()
    for row, event_id, kind, boot_id, seq, dropped, size, event in db.execute(
        f"{query} ORDER BY row"
    ):
        sound = isinstance(event_id, str) and kind in get_args(EventType)
        sound &= isinstance(boot_id, str) and isinstance(event, str | None)
        sound &= all(isinstance(n, int) and 0 <= n < 2**53 for n in (seq or 0, dropped, size))
        if not sound:
            raise sqlite3.DatabaseError(f"message in row {row} is not sound")
        yield Waiting(event_id, kind, size, now, boot_id, event, row, seq, dropped)


def read_open_events(db: sqlite3.Connection) -> Iterator[str]:
    """Last message of each event that has not ended."""
    for (text,) in db.execute("SELECT event FROM open_events"):
        if not isinstance(text, str):
            raise sqlite3.DatabaseError("an open event is not text")
        yield text
