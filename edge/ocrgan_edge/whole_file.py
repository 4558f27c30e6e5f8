"""Files that are there as a whole or not at all, also after a power cut."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def unfinished_name(name: str) -> str:
    """How a file is called while it is written."""
    return f".{name}.part"


def write_whole(path: Path, data: bytes) -> None:
    """Writes beside, flushes to the disk, renames, and flushes the folder (fsync(2)).

    Raises:
        OSError: it could not be written; nothing is left of it, and an older file stays.
    """
    unfinished = path.with_name(unfinished_name(path.name))
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:  # Ctrl-C as well
        with suppress(OSError):
            unfinished.unlink()
        raise
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
