"""Keeps a log from being filled by one message that comes again and again."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_MOST_KINDS = 256


@dataclass(slots=True)
class _Kind:
    """Messages that differ in numbers alone."""

    since: float
    written: int = 0
    held_back: int = 0


class Repetition(logging.Filter):
    """Lets a message through a few times per period, and then tells how many it held back.

    Alike are messages of one sentence about the same things, whatever their numbers: "door: no
    frame for 3.2 s" and "… for 4.1 s", but not the same sentence about the yard. Attributes of
    the record it adds: `repeated`, how many were held back before it.
    """

    def __init__(
        self,
        period: float = 300.0,
        most: int = 5,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Has seen nothing yet.

        Args:
            period: seconds.
            most: messages of one kind in a period.
            monotonic: seconds that never jump.
        """
        super().__init__()
        self._period = period
        self._most = most
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kinds: OrderedDict[object, _Kind] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        now = self._monotonic()
        with self._lock:
            kind = self._kind(_alike(record), now)
            if now - kind.since >= self._period:
                record.repeated = kind.held_back
                kind.since, kind.written, kind.held_back = now, 0, 0
            if kind.written < self._most:
                kind.written += 1
                return True
            kind.held_back += 1
            return False

    def _kind(self, key: object, now: float) -> _Kind:
        kind = self._kinds.setdefault(key, _Kind(now))
        self._kinds.move_to_end(key)
        if len(self._kinds) > _MOST_KINDS:
            self._kinds.popitem(last=False)
        return kind


def _alike(record: logging.LogRecord) -> tuple[object, ...]:
    arguments = record.args if isinstance(record.args, tuple) else (record.args,)
    words = tuple(str(word) for word in arguments if not isinstance(word, int | float))
    return (record.name, record.levelno, str(record.msg), getattr(record, "camera", None), words)
