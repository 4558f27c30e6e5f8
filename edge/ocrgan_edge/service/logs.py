"""What the daemon writes to stderr: lines for people, JSON for machines, or the journal's.

In all three, passwords in addresses are masked, and what is said again and again is said once in
a while, with how often.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

from ocrgan_edge.service.repetition import Repetition

_PASSWORD = re.compile(r"(\w://[^\s:/@]*):\S+@")
_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


class TextFormatter(logging.Formatter):
    """Lines for people."""

    def format(self, record: logging.LogRecord) -> str:
        """The record, with how often it was held back before."""
        return masked(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Its first line."""
        return super().formatMessage(record) + _more(record)


class JournalFormatter(TextFormatter):
    """Lines with the priority that journald reads off their beginning. Source: sd-daemon(3)."""

    def __init__(self, inner: logging.Formatter | None = None) -> None:
        """Puts the priority before the lines of `inner`, by default the bare message.

        The journal knows the time itself.
        """
        super().__init__("%(message)s")
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """The record, each line with its priority."""
        text = self._inner.format(record) if self._inner else super().format(record)
        priority = next((number for least, number in _PRIORITIES if record.levelno >= least), 7)
        return "\n".join(f"<{priority}>{line}" for line in text.splitlines() or [""])


class JsonFormatter(logging.Formatter):
    """One JSON object per record.

    time, level, logger and message; `camera`, `repeated` (how often it was held back before) and
    `exception` where there are any.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        for name in ("camera", "repeated"):
            if getattr(record, name, None):
                fields[name] = getattr(record, name)
        if record.exc_info:
            fields["exception"] = masked(self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=False)


def start_logging(as_json: bool) -> None:
    """Sends this package's records from INFO on, and everybody's warnings, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(as_json, to_journal=is_journal(sys.stderr, os.environ)))
    handler.addFilter(Repetition())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("ocrgan_edge").setLevel(logging.INFO)


def masked(text: str) -> str:
    """The text without the passwords in its addresses."""
    return _PASSWORD.sub(r"\1:***@", text)


def is_journal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether what is written to a stream goes to journald.

    A child may have inherited the variable but not the stream, so device and inode are compared.
    Source: systemd.exec(5), JOURNAL_STREAM.
    """
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _formatter(as_json: bool, to_journal: bool) -> logging.Formatter:
    if to_journal:
        return JournalFormatter(JsonFormatter() if as_json else None)
    if as_json:
        return JsonFormatter()
    return TextFormatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")


def _more(record: logging.LogRecord) -> str:
    repeated = getattr(record, "repeated", 0)
    return f" ({repeated} more like this were not written)" if repeated else ""
