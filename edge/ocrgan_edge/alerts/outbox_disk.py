"""The outbox's file, opened when it is needed, and patience with a disk that refuses."""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path

from ocrgan_edge.alerts.outbox_file import Content, OutboxFile
from ocrgan_edge.alerts.outbox_rescue import is_damage, rescue, set_aside

RETRY_SECONDS = 1.0
"""Least time between two attempts to write to a disk that refused."""
READABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY}
"""Errors after which the open database can still be read."""
_log = logging.getLogger(__name__)


class OutboxDisk:
    """Says once that the disk refuses, and once that it does no longer."""

    def __init__(self, path: Path | None) -> None:
        """Touches nothing yet; in memory if `path` is None."""
        self.path = path
        self.failing = False
        """Whether the last attempt to use it failed."""
        self._file: OutboxFile | None = None
        self._retry_at = 0.0

    @property
    def may_try(self) -> bool:
        """Whether it refused long enough ago."""
        return time.monotonic() >= self._retry_at

    def open(self) -> OutboxFile:
        """The open file.

        Raises:
            sqlite3.Error: it cannot be opened.
        """
        if self._file is None:
            self._file = OutboxFile(self.path)
        return self._file

    def worked(self) -> None:
        """Something was written."""
        if self.failing:
            self.failing = False
            _log.warning("outbox %s can be written again", self.path)

    def refused(self, error: Exception) -> None:
        """It could not be used, which will be tried again."""
        self._retry_at = time.monotonic() + RETRY_SECONDS
        if getattr(error, "sqlite_errorcode", 0) not in READABLE:
            self.close()
        if not self.failing:
            self.failing = True
            _log.error(
                "outbox %s cannot be written (%s): scoring goes on, alerts go out from memory and "
                "are lost if the daemon stops before the broker has them",
                *(self.path, error),
            )

    def replace(self, error: sqlite3.Error) -> Content | None:
        """Sets a damaged file aside for a new one.

        Returns:
            What could be read of it; None if it is not damaged, or cannot be set aside.
        """
        if self.path is None or not is_damage(error, self.path):
            self.refused(error)
            return None
        self.close()
        content = rescue(self.path)
        try:
            aside = set_aside(self.path)
        except OSError as refusal:
            self.refused(refusal)
            return None
        _log.error(
            "outbox %s is damaged (%s): it is set aside as %s, what can still be read of it goes "
            "into a new one",
            *(self.path, error, aside.name),
        )
        return content

    def close(self) -> None:
        """Closes the file; the next attempt may come at once."""
        if self._file is not None:
            self._file.close()
            self._file = None
