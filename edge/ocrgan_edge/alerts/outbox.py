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
from ocrgan_edge.alerts.outbox_disk import OutboxDisk
from ocrgan_edge.alerts.outbox_file import Content, Counters
from ocrgan_edge.alerts.publisher import numbered

IN_MEMORY = Limits(messages=10_000, bytes=16_000_000)
"""How much may wait at most where there is no disk to wait on."""
DEFAULT_LIMITS = Limits()
UNWRITTEN = 1000
"""Messages that may wait in memory while the disk cannot be written."""


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
        self._node = node
        self._backlog = Backlog(limits if path else limits.within(IN_MEMORY))
        self._handed_over: dict[Waiting, None] = {}
        self._counters = Counters()
        self._changes = Changes()
        self._disk = OutboxDisk(path)
        self._read = False
        self._failed_writes = 0

    def __len__(self) -> int:
        """How many wait, without those handed over and not yet acknowledged."""
        return len(self._backlog)

    def open(self) -> None:
        """Reads what earlier starts left, and ends the events that were open when one was killed.

        Never raises; a disk that cannot be read is tried again by `commit`.
        """
        self._try_to_write()
        self.commit()

    def add(self, event: Event) -> None:
        """Takes a message; `commit` writes it."""
        now, text = time.monotonic(), to_json(event)
        message = Waiting(event.event_id, event.type, len(text.encode()), now, self.boot_id, text)
        self._backlog.add(message)
        self._changes.new[message] = None
        self._changes.open_events[event.event_id] = None if event.type == "end" else text
        self._give_up(self._backlog.shed())

    def take(self) -> Outgoing | None:
        """The next message, numbered; not to be published before `commit`. None: none waits."""
        while (message := self._backlog.take(time.monotonic())) is not None:
            if (text := self._text(message)) is None:
                return None
            if (outgoing := self._number(message, text)) is not None:
                return outgoing
        return None

    def acknowledge(self, message: Waiting) -> None:
        """The broker has it; it need not be kept."""
        self._handed_over.pop(message, None)
        self._changes.forget(message)

    def give_up(self, message: Waiting) -> None:
        """It cannot be published, ever."""
        self.acknowledge(message)
        self.lose(1)

    def put_back(self, message: Waiting) -> None:
        """The broker refused it; it waits again, in front, with its number."""
        self._handed_over.pop(message, None)
        self._backlog.restore([message])

    def lose(self, count: int) -> None:
        """Counts messages that were lost before they could be added."""
        self._counters.dropped += count
        self._changes.counters |= count > 0

    def commit(self) -> None:
        """Writes all that has changed; never raises. Where the disk refuses, memory keeps it."""
        if self._disk.may_try:
            self._try_to_write()
        if self._disk.failing:
            self._keep_in_memory()
        self.stats = OutboxStats(
            depth=len(self._backlog) + len(self._handed_over),
            bytes=self._backlog.bytes + sum(message.size for message in self._handed_over),
            dropped=self._counters.dropped,
            set_aside=self._counters.set_aside,
            failed_writes=self._failed_writes,
        )

    @property
    def under_way(self) -> int:
        """How many were handed over and not yet acknowledged."""
        return len(self._handed_over)

    @property
    def lasts(self) -> bool:
        """Whether it outlives the process."""
        return self._disk.path is not None and not self._disk.failing

    @property
    def safe(self) -> bool:
        """Whether all that was added is on disk."""
        return not self._changes.new

    def close(self) -> None:
        """Writes what can be written and closes the file."""
        self._try_to_write()
        self.commit()
        self._disk.close()

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

    def _text(self, message: Waiting) -> str | None:
        if message.text is not None:
            return message.text
        try:
            if self._disk.may_try:
                return self._disk.open().text(message.row)
            self._backlog.restore([message])
        except sqlite3.Error as error:
            self._backlog.restore([message])
            self._fail(error)
        return None

    def _give_up(self, messages: list[Waiting]) -> None:
        for message in messages:
            self._changes.forget(message)
        self.lose(len(messages))

    def _try_to_write(self) -> None:
        try:
            self._write()
        except sqlite3.Error as error:
            self._fail(error)

    def _write(self) -> None:
        file = self._disk.open()
        if not self._read:
            self._take_over(file.read())
        if self._changes:
            file.write(self._changes, self._counters)
            self._changes = Changes()
            self._disk.worked()

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
        if (content := self._disk.replace(error)) is None:
            return
        self._begin_anew(content)
        try:
            self._write()
        except sqlite3.Error as again:
            self._disk.refused(again)

    def _begin_anew(self, content: Content) -> None:
        """Keeps what was read of a damaged outbox."""
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

    def _keep_in_memory(self) -> None:
        self._failed_writes += self._changes.count_failed()
        for message in (too_many := self._changes.beyond(UNWRITTEN)):
            self._backlog.remove(message)
        self._give_up(too_many)


def _readable(text: str) -> Event | None:
    try:
        return Event.model_validate_json(text)
    except ValueError:
        return None
