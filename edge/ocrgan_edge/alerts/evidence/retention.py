"""What may stay on disk: by age, by bytes, and never at the cost of the last free space.

Only files of our own names are counted and removed, the oldest first. Age is the time since a file
was written, by the wall clock; where that clock cannot be right, age waits and bytes decide.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ocrgan_edge.alerts.evidence.names import is_ours, is_unfinished

MEGABYTE = 1_000_000
DAY = 86_400.0
EARLIEST = 1_704_067_200.0
"""2024-01-01: a clock that is before this has not been set."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much evidence is kept."""

    days: float = 14.0

    megabytes: float = 1000.0
    """Of all evidence together, in 10⁶ bytes."""

    free_megabytes: float = 500.0
    """What is left free on the file system, in 10⁶ bytes."""


@dataclass(frozen=True, slots=True)
class _Kept:
    written: float
    """Seconds since 1970."""
    size: int


class Retention:
    """Keeps a folder within its limits; for one thread."""

    def __init__(self, folder: Path, limits: Limits, now: Callable[[], float] = time.time) -> None:
        """Looks at nothing before the first `sweep`.

        Args:
            folder: of all evidence; need not exist.
            limits: what it is held to.
            now: seconds since 1970.
        """
        self._folder = folder
        self._limits = limits
        self._now = now
        self._kept: dict[str, _Kept] = {}
        self._stuck: set[str] = set()

    def sweep(self) -> None:
        """Looks at all files anew; removes what is unfinished, too old, or too much."""
        self._kept = dict(self._scan())
        self._stuck.clear()
        self._remove_old()
        self._remove(self._missing(0))

    def make_room(self, size: int) -> None:
        """Removes the oldest files until one of `size` bytes may be written.

        Raises:
            OSError: ENOSPC, there is no room even without all our files, and none was removed; or
                they could not be removed.
        """
        missing = self._missing(size)
        if missing <= sum(kept.size for kept in self._kept.values()):
            self._remove(missing)
            missing = self._missing(size)
        if missing > 0:
            raise OSError(
                errno.ENOSPC,
                f"no room for {size / MEGABYTE:.1f} MB within {self._limits.megabytes:g} MB of "
                f"evidence and with {self._limits.free_megabytes:g} MB left free",
            )

    def note(self, path: str, size: int) -> None:
        """Counts a file that was written just now."""
        self._kept[path] = _Kept(self._now(), size)

    def _missing(self, size: int) -> float:
        """Bytes that have to go before `size` more may come; at most 0: none."""
        total = sum(kept.size for kept in self._kept.values())
        above = total + size - self._limits.megabytes * MEGABYTE
        there = next(place for place in (self._folder, *self._folder.parents) if place.exists())
        free = shutil.disk_usage(there).free
        return max(above, self._limits.free_megabytes * MEGABYTE + size - free)

    def _remove_old(self) -> None:
        oldest = self._now() - self._limits.days * DAY
        if self._now() >= EARLIEST:
            for path in [path for path, kept in self._kept.items() if kept.written < oldest]:
                self._unlink(path)

    def _remove(self, size: float) -> None:
        """Removes the oldest files until at least `size` bytes are gone, or none is left."""
        for path, kept in sorted(self._kept.items(), key=lambda item: item[1].written):
            if size <= 0:
                return
            if path not in self._stuck and self._unlink(path):
                size -= kept.size

    def _unlink(self, path: str) -> bool:
        file = self._folder / path
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            self._stuck.add(path)
            if len(self._stuck) == 1:
                _log.warning("evidence %s cannot be removed: %s", file, error.strerror)
            return False
        del self._kept[path]
        with suppress(OSError):  # not empty
            file.parent.rmdir()
            file.parent.parent.rmdir()
        return True

    def _scan(self) -> Iterator[tuple[str, _Kept]]:
        for camera in _folders(self._folder):
            for day in _folders(Path(camera.path)):
                for entry in _entries(Path(day.path)):
                    path = f"{camera.name}/{day.name}/{entry.name}"
                    with suppress(OSError):  # gone meanwhile, or not ours to touch
                        if is_unfinished(entry.name):
                            os.unlink(entry.path)
                        elif is_ours(path) and entry.is_file(follow_symlinks=False):
                            yield path, self._believable(entry)

    def _believable(self, entry: os.DirEntry[str]) -> _Kept:
        """A file's time; one that a wrong clock gave is replaced as soon as the clock is right."""
        status = entry.stat(follow_symlinks=False)
        now = self._now()
        if now >= EARLIEST and not EARLIEST <= status.st_mtime <= now + DAY:
            os.utime(entry.path, (now, now))
            return _Kept(now, status.st_size)
        return _Kept(status.st_mtime, status.st_size)


def _folders(folder: Path) -> list[os.DirEntry[str]]:
    return [entry for entry in _entries(folder) if entry.is_dir(follow_symlinks=False)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # not there, or not ours to read
        return []
