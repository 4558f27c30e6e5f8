"""What is done with an outbox that is damaged: read what can be read, and set it aside."""

from __future__ import annotations

import itertools
import os
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from ocrgan_edge.alerts.outbox_file import Content, read_counters, read_messages, read_open_events

MOST = 10_000
"""Messages that are read from a damaged outbox, for they pass through memory."""
OUT_OF_ORDER = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_INTERRUPT,
}  # fmt: skip
"""Errors of the disk or the machine; all others say that the file is not what it should be."""


def is_damage(error: sqlite3.Error, path: Path | None) -> bool:
    """Whether an error says that the database is damaged, and not that the disk is out of order."""
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return False
    # What sqlite3 itself or `outbox_file` finds wrong with the content has no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code == sqlite3.SQLITE_READONLY and path is not None:
        # The header of a damaged file can forbid to write it.
        return path.is_file() and os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return code not in OUT_OF_ORDER


def rescue(path: Path) -> Content:
    """What can be read of a damaged outbox: all until the first fault, of each kind."""
    content = Content()
    with suppress(sqlite3.Error, OSError), closing(sqlite3.connect(path, timeout=1)) as db:
        with suppress(sqlite3.Error, ValueError):
            read_counters(db, content.counters)
        with suppress(sqlite3.Error, ValueError):
            for message in itertools.islice(read_messages(db, "event"), MOST):
                content.messages.append(message)
        with suppress(sqlite3.Error, ValueError):
            content.open_events.extend(read_open_events(db))
    numbers = [message.seq or 0 for message in content.messages]
    content.counters.seq = max([content.counters.seq, *numbers])
    return content


def set_aside(path: Path) -> Path:
    """Renames the database and its log, never over another; gives the new name.

    Raises:
        OSError: the folder cannot be written.
    """
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    names = (f"{path.name}.corrupt-{moment}{more}" for more in ("", *map("-{}".format, range(99))))
    target = next(aside for name in names if not os.path.lexists(aside := path.with_name(name)))
    path.rename(target)
    for suffix in ("-wal", "-journal"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(target.with_name(target.name + suffix))
    return target
