"""Arrays on disk: a small `.npz`, there as a whole or not at all, and read with bounds."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import DataError
from ocrgan_edge.whole_file import write_whole

LARGEST = 64 * 2**20
"""Bytes of a file that is read, unpacked."""
NO_ARRAYS = (ValueError, OSError, EOFError, KeyError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What numpy raises at something that is no `.npz` file."""
Arrays = dict[str, NDArray[np.generic]]


def write_arrays(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Writes whole or not at all, and to the disk before it returns.

    Raises:
        OSError: the disk is full or read-only; what was there before is unharmed.
    """
    data = io.BytesIO()
    np.savez_compressed(data, allow_pickle=False, **arrays)
    write_whole(path, data.getvalue())


def read_arrays(path: Path, largest: int = LARGEST) -> Arrays:
    """All arrays of a file; nothing in it is executed.

    Raises:
        DataError: it cannot be read, or unpacks to more than `largest` bytes; the message begins
            with the path.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error})") from error
    return parse_arrays(data, str(path), largest)


def parse_arrays(data: bytes, name: str, largest: int = LARGEST) -> Arrays:
    """As `read_arrays`, of a file's contents; messages begin with `name`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > largest:
            raise DataError(f"{name} unpacks to more than is allowed: {unpacked} bytes")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return dict(arrays)
    except NO_ARRAYS as error:
        raise DataError(f"{name} is no array file ({error})") from error
