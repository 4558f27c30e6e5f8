"""Names of evidence files: `<camera>/<UTC date>/<time>-<event id>.jpg`, `.mp4`."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

LONGEST = 100
"""Bytes of one part of a path that come from outside; file systems allow 255."""

_OURS = re.compile(r"[^/]+/\d{4}-\d\d-\d\d/\d{6}-[^/]+\.(jpg|mp4|mov)")
_UNFINISHED = re.compile(r"\.\d{6}-[^/]+\.(jpg|mp4|mov)\.part")


class References(NamedTuple):
    """Where an event's evidence lies: paths below the evidence folder, None where there is none."""

    snapshot: str | None
    clip: str | None


def evidence_name(camera: str, wall: datetime, event_id: str) -> str:
    """Path below the evidence folder, without its suffix.

    Args:
        camera: any level of an MQTT topic.
        wall: when the event began, with its time zone.
        event_id: makes the name the only one of its kind.
    """
    begun = wall.astimezone(UTC)
    return f"{safe_part(camera)}/{begun:%Y-%m-%d}/{begun:%H%M%S}-{safe_part(event_id)}"


def safe_part(name: str) -> str:
    """A name as one part of a path, on any file system; different names stay different.

    All but ASCII letters, digits, `_`, `-`, `~` and inner dots are percent-encoded (RFC 3986);
    what is too long ends in a digest of the whole.
    """
    encoded = quote(name, safe="")
    if encoded.startswith("."):
        encoded = "%2E" + encoded[1:]
    if len(encoded) <= LONGEST:
        return encoded
    # No encoded name has "%~".
    return f"{encoded[: LONGEST - 34]}%~{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def is_ours(path: str) -> bool:
    """Whether a path below the evidence folder has the form that `evidence_name` gives."""
    return _OURS.fullmatch(path) is not None


def is_unfinished(name: str) -> bool:
    """Whether a file was being written when the daemon was killed."""
    return _UNFINISHED.fullmatch(name) is not None
