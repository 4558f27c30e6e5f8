"""Zip files with named members, read with bounds and written whole or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ocrgan_edge.errors import BundleError

LARGEST = 512 << 20
"""Bytes: of the file, and of all members together after unpacking."""

MOST_MEMBERS = 256

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    RuntimeError,  # encrypted; its subclass NotImplementedError: a zip variant of no use here
    ValueError,
    OverflowError,
)
"""What reading a damaged zip file can raise."""


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive's content."""

    members: dict[str, bytes]

    sha256: str
    """Of the file."""


def read_archive(path: Path) -> Archive:
    """Reads all members into memory.

    Raises:
        BundleError: the file is missing, truncated, no zip file, or larger than `LARGEST`; or a
            member is there twice or lies outside. Nothing is unpacked before sizes are known.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise BundleError(f"bundle {path} has {_megabytes(size)}, more than is allowed")
        data = path.read_bytes()
    except FileNotFoundError:
        raise BundleError(f"there is no bundle at {path}") from None
    except OSError as error:
        raise BundleError(f"bundle {path} cannot be read ({error.strerror})") from error
    if not data:
        raise BundleError(f"bundle {path} is empty: copy it again")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_entries(path, entries)
            members = {entry.filename: archive.read(entry) for entry in entries}
    except DAMAGE as error:
        raise BundleError(f"bundle {path} cannot be read ({error}): copy it again") from error
    return Archive(members, hashlib.sha256(data).hexdigest())


def write_archive(path: Path, members: Mapping[str, bytes]) -> None:
    """Writes whole or not at all; the same members in the same order give the same bytes."""
    partial = path.with_name(path.name + ".partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, data in members.items():
                archive.writestr(_entry(name), data)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _check_entries(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_MEMBERS:
        raise BundleError(f"bundle {path} has {len(entries)} members, more than is allowed")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > LARGEST:
        raise BundleError(
            f"bundle {path} would unpack to {_megabytes(unpacked)}, more than is allowed"
        )
    seen: set[str] = set()
    for entry in entries:
        name = PurePosixPath(entry.filename)
        if name.is_absolute() or ".." in name.parts or "\\" in entry.filename:
            raise BundleError(f"bundle {path}: member {entry.filename!r} lies outside the bundle")
        if entry.filename in seen:
            raise BundleError(f"bundle {path}: member {entry.filename!r} is there twice")
        if entry.compress_type not in METHODS:
            raise BundleError(
                f"bundle {path}: member {entry.filename!r} is packed in a way that is not allowed"
            )
        seen.add(entry.filename)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.0f} MB"
