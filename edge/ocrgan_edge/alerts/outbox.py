"""Event messages from the moment they are raised until the broker has acknowledged them.

A message is on disk before it is handed to the broker and goes from there when it is acknowledged.
`seq` is given at the first handing over and is on disk before it: what is given up for want of
room never had a number, so a number that does not arrive is a message that was lost on its way.
An earlier start's messages keep their number, text and `boot_id`.

While the disk refuses to be written, messages go out from memory, and the numbers they are given
are written when it has come to its senses; killed before that, the next start gives them once
more, with another `boot_id`.
"""

from __future__ import annotations

import logging
import sqlite3
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from ocrgan_edge.alerts.backlog import Backlog, Limits, Waiting
from ocrgan_edge.alerts.event import Event, to_json
from ocrgan_edge.alerts.interrupted import interrupted
from ocrgan_edge.alerts.messages import OutboxStats
from ocrgan_edge.alerts.outbox_changes import Changes
from ocrgan_edge.alerts.outbox_file import Content, Counters, OutboxFile
from ocrgan_edge.alerts.outbox_rescue import is_damage, rescue, set_aside
from ocrgan_edge.alerts.publisher import numbered

IN_MEMORY = Limits(messages=10_000, bytes=16_000_000)
"""How much may wait at most where there is no disk to wait on."""
DEFAULT_LIMITS = Limits()
UNWRITTEN = 1000
"""Messages that may wait in memory while the disk cannot be written."""
RETRY_SECONDS = 1.0
"""Least time between two attempts to write to a disk that refused."""
READABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY}
"""Errors after which the open database can still be read."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be published after the next `commit`."""

    waiting: Waiting
    camera: str
    payload: str


class Outbox:
    """One node's outbox. Everything but `stats` belongs to one thread."""

    def __init__(self, path: Path | None, node: str, limits: Limits = DEFAULT_LIMITS) -> None:
        """Does not touch the disk before `open`.

        Args:
            path: the database's file; None to keep everything in memory only.
            node: id of this device.
            limits: how much may wait.
        """
        self.boot_id = str(uuid.uuid4())
        self.stats = OutboxStats(depth=0, bytes=0, dropped=0, set_aside=0, failed_writes=0)
        """As of the last `commit`; any thread may read it."""
        if path is None:
            limits = Limits(
                min(limits.messages, IN_MEMORY.messages), min(limits.bytes, IN_MEMORY.bytes)
            )
        self._path = path
        self._node = node
        self._backlog = Backlog(limits)
        self._handed_over: dict[Waiting, None] = {}
        self._counters = Counters()
        self._changes = Changes()
        self._file: OutboxFile | None = None
        self._read = False
        self._failing = False
        self._retry_at = 0.0
        self._failed_writes = 0

    def __len__(self) -> int:
        """How many wait, without those handed over and not yet acknowledged."""
        return len(self._backlog)

    def open(self) -> None:
        """Reads what earlier starts left, and ends the events that were open when one was killed.

        Never raises; a disk that cannot be read is tried again by `commit`.
        """
        self._retry_at = 0.0
        self.commit()

    def add(self, event: Event) -> None:
        """Takes a message; `commit` writes it."""
        text = to_json(event)
        size = len(text.encode())
        message = Waiting(event.event_id, event.type, size, time.monotonic(), self.boot_id, text)
        self._backlog.add(message)
        self._changes.new[message] = None
        self._changes.open_events[event.event_id] = None if event.type == "end" else text
        self._give_up(self._backlog.shed())

    def take(self) -> Outgoing | None:
        """The next message, numbered; not to be published before `commit`. None: none waits."""
        while (message := self._backlog.take(time.monotonic())) is not None:
            try:
                text = self._text(message)
            except sqlite3.Error as error:
                self._backlog.restore([message])
                self._fail(error)
                return None
            if (outgoing := self._number(message, text)) is not None:
                return outgoing
        return None

    def acknowledge(self, message: Waiting) -> None:
        """The broker has it; it need not be kept."""
        self._handed_over.pop(message, None)
        self._changes.forget(message)

    def put_back(self, message: Waiting) -> None:
        """The broker refused it; it waits again, in front, with its number."""
        self._handed_over.pop(message, None)
        self._backlog.restore([message])

    def lose(self, count: int) -> None:
        """Counts messages that were lost before they could be added."""
        self._counters.dropped += count
        self._changes.counters = True

    def commit(self) -> None:
        """Writes all that has changed; never raises. Where the disk refuses, memory keeps it."""
        if time.monotonic() >= self._retry_at:
            try:
                self._write()
            except sqlite3.Error as error:
                self._fail(error)
        if self._failing:
            self._keep_in_memory()
        self.stats = OutboxStats(
            depth=len(self._backlog) + len(self._handed_over),
            bytes=self._backlog.bytes + sum(message.size for message in self._handed_over),
            dropped=self._counters.dropped,
            set_aside=self._counters.set_aside,
            failed_writes=self._failed_writes,
        )

    @property
    def lasts(self) -> bool:
        """Whether it outlives the process."""
        return self._path is not None and not self._failing

    @property
    def safe(self) -> bool:
        """Whether all that was added is on disk."""
        return not self._changes.new

    def close(self) -> None:
        """Writes what can be written and closes the file."""
        self._retry_at = 0.0
        self.commit()
        self._shut()

    def _number(self, message: Waiting, text: str) -> Outgoing | None:
        if (event := _readable(text)) is None:
            self._give_up([message])
            return None
        if message.seq is None:
            self._counters.seq += 1
            self._changes.counters = True
            message.seq, message.dropped = self._counters.seq, self._counters.dropped
            if message.row is not None:
                self._changes.numbered[message] = None
        self._handed_over[message] = None
        stamped = numbered(event, self._node, message.boot_id, message.seq, message.dropped)
        return Outgoing(message, event.camera, to_json(stamped))

    def _text(self, message: Waiting) -> str:
        if message.text is not None:
            return message.text
        if self._file is None:
            self._file = OutboxFile(self._path)
        assert message.row is not None
        return self._file.text(message.row)

    def _give_up(self, messages: list[Waiting]) -> None:
        for message in messages:
            self._changes.forget(message)
        if messages:
            self.lose(len(messages))

    def _write(self) -> None:
        if self._file is None:
            self._file = OutboxFile(self._path)
        if not self._read:
            self._take_over(self._file.read())
        if not self._changes:
            return
        self._file.write(self._changes, self._counters)
        self._changes = Changes()
        if self._failing:
            self._failing = False
            _log.warning("outbox %s can be written again", self._path)

    def _take_over(self, content: Content) -> None:
        self._read = True
        ours, theirs = self._counters, content.counters
        ours.seq = max(ours.seq, theirs.seq)
        ours.dropped += theirs.dropped
        ours.set_aside += theirs.set_aside
        self._backlog.restore(content.messages)
        for event in filter(None, map(_readable, content.open_events)):
            if event.event_id not in self._changes.open_events:
                self.add(interrupted(event))
        self._give_up(self._backlog.shed())

    def _fail(self, error: sqlite3.Error) -> None:
        if self._path is None or not is_damage(error, self._path):
            self._wait_for_the_disk(error)
            return
        self._shut()
        content = rescue(self._path)
        try:
            aside = set_aside(self._path)
        except OSError as refused:
            self._wait_for_the_disk(refused)
            return
        kept = self._begin_anew(content)
        _log.error(
            "outbox %s is damaged (%s): it is set aside as %s, %d messages that could still be "
            "read go into a new one",
            *(self._path, error, aside.name, kept),
        )
        try:
            self._write()
        except sqlite3.Error as again:
            self._wait_for_the_disk(again)

    def _wait_for_the_disk(self, error: Exception) -> None:
        self._retry_at = time.monotonic() + RETRY_SECONDS
        if getattr(error, "sqlite_errorcode", 0) not in READABLE:
            self._shut()
        if not self._failing:
            self._failing = True
            _log.error(
                "outbox %s cannot be written (%s): scoring goes on, alerts go out from memory and "
                "are lost if the daemon stops before the broker has them",
                *(self._path, error),
            )

    def _begin_anew(self, content: Content) -> int:
        """Keeps what was read of a damaged outbox; gives the number of messages."""
        texts = {message.row: message.text for message in content.messages}
        if not self._read:
            self._take_over(content)
        for event in filter(None, map(_readable, content.open_events)):
            self._changes.open_events.setdefault(event.event_id, to_json(event))
        before = [message for message in self._backlog if message.row is not None]
        saved = [*self._handed_over, *before]
        for message in saved:
            message.text = message.text or texts.get(message.row)
            message.row = None
        self._counters.set_aside += 1
        self._changes.start_over(saved)
        for message in (lost := [message for message in before if message.text is None]):
            self._backlog.remove(message)
        self.lose(len(lost))
        return len(before) - len(lost)

    def _keep_in_memory(self) -> None:
        self._failed_writes += self._changes.count_failed()
        for message in (too_many := self._changes.beyond(UNWRITTEN)):
            self._backlog.remove(message)
        self._give_up(too_many)

    def _shut(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _readable(text: str) -> Event | None:
    try:
        return Event.model_validate_json(text)
    except ValueError:
        return None
