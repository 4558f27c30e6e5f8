"""Files that are there as a whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ocrgan_edge.alerts.evidence.names import unfinished_name


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file that appears under its name only when it is complete and on the disk.

    Raises:
        OSError: it could not be written; nothing is left of it, and an older file stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(unfinished_name(path.name))
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        with suppress(OSError):  # a folder that was made for nothing
            path.parent.rmdir()
            path.parent.parent.rmdir()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Puts the new name itself on the disk (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
