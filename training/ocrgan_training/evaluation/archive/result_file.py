"""The one file that an archive's results are in: SQLite, one row per clip.

Only the process that asks the cluster writes; others may read meanwhile. A row is there whole or
not at all, and a clip's name can be there once.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from ocrgan_edge.errors import DataError, SettingsError
from ocrgan_training.evaluation.archive.work import Job, Scored

SCHEMA = """
CREATE TABLE IF NOT EXISTS job (one INTEGER PRIMARY KEY CHECK (one = 1), fields TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS clips (
    name TEXT PRIMARY KEY, stamp TEXT NOT NULL, worker TEXT NOT NULL, written TEXT NOT NULL,
    error TEXT, scores BLOB
) WITHOUT ROWID;
"""
PLACE = ("bundle", "threads")
"""What may differ when a run is gone on with: the same bundle elsewhere gives the same scores."""


class ResultFile:
    """An opened result file."""

    def __init__(self, path: Path, job: Job) -> None:
        """Opens or begins the results of a job.

        Raises:
            SettingsError: the file holds the results of another job.
            DataError: it is no result file.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
        try:
            self._connection.executescript(SCHEMA)
            self._claim(job)
        except sqlite3.DatabaseError as error:
            self.close()
            raise DataError(f"results {path} cannot be used: {error}") from error
        except SettingsError:
            self.close()
            raise

    def __enter__(self) -> ResultFile:
        """Gives itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes the file."""
        self.close()

    def close(self) -> None:
        """Closes the file; twice does no harm."""
        self._connection.close()

    def add(self, scored: Scored, stamp: str) -> bool:
        """Keeps one clip's result for good; False where the clip is there already.

        Args:
            scored: what a worker has found.
            stamp: which state of the clip's file it is for.
        """
        row = (scored.clip, stamp, scored.worker, _now(), scored.error, scored.scores)
        with self._connection:
            done = self._connection.execute(
                "INSERT INTO clips VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row
            )
        return done.rowcount == 1

    def forget_unusable(self, stamps: dict[str, str]) -> None:
        """Drops clips that could not be read, and clips whose file has changed since."""
        rows = self._connection.execute("SELECT name, stamp, error FROM clips").fetchall()
        gone = [
            (name,)
            for name, stamp, error in rows
            if error is not None or stamps.get(name, stamp) != stamp
        ]
        self._connection.executemany("DELETE FROM clips WHERE name = ?", gone)

    def names(self) -> set[str]:
        """Clips that are done."""
        return {name for (name,) in self._connection.execute("SELECT name FROM clips")}

    def results(self) -> Iterator[Scored]:
        """All clips in the order of their names."""
        rows = self._connection.execute(
            "SELECT name, worker, scores, error FROM clips ORDER BY name"
        )
        for name, worker, scores, error in rows:
            yield Scored(name, worker, scores, error)

    def _claim(self, job: Job) -> None:
        fields = asdict(job)
        with self._connection:
            self._connection.execute(
                "INSERT INTO job VALUES (1, ?) ON CONFLICT DO NOTHING", (json.dumps(fields),)
            )
        (text,) = self._connection.execute("SELECT fields FROM job").fetchone()
        before = json.loads(text)
        for name, value in fields.items():
            if name not in PLACE and before.get(name) != value:
                raise SettingsError(
                    f"{self._path} holds results of another run ({name} {before.get(name)} instead "
                    f"of {value}): choose another --results, or remove that file"
                )


def stamp(path: Path) -> str:
    """Which state a clip's file or folder is in: number of files, bytes, newest change."""
    files = [file for file in path.iterdir() if file.is_file()] if path.is_dir() else [path]
    found = [file.stat() for file in files]
    newest = max((one.st_mtime_ns for one in found), default=0)
    return f"{len(found)}-{sum(one.st_size for one in found)}-{newest}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
