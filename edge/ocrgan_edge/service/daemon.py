"""The daemon: one node after the other, as settings change, until it is told to stop."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ocrgan_edge.errors import OcrganError
from ocrgan_edge.service.node import Node
from ocrgan_edge.service.outlet import Start
from ocrgan_edge.service.progress import MAIN, Progress
from ocrgan_edge.service.remote import Remote
from ocrgan_edge.service.settings.changes import changes
from ocrgan_edge.service.settings.models import Settings
from ocrgan_edge.service.stop import Inbox, Stop
from ocrgan_edge.service.systemd import Notifier, watchdog_seconds
from ocrgan_edge.service.watchdog import Watchdog

TICK = 0.5
"""Seconds between two looks at what the passing of time demands."""

HANGS_AFTER = 60.0
"""Seconds that one turn of the main thread may take: a model being loaded on a small machine."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Manner:
    """How the daemon runs, apart from its settings."""

    scores: Path | None = None
    """File for every window's score."""
    patient: bool = False
    """Wait for cameras that are not there at the start, instead of an error."""


class Daemon:
    """Leads nodes through their lives, in the main thread."""

    def __init__(self, read: Callable[[], Settings], manner: Manner) -> None:
        """Reads the settings.

        Args:
            read: reads and checks them, now and at each SIGHUP.
            manner: how it runs.

        Raises:
            SettingsError: they are wrong.
        """
        self._read = read
        self._manner = manner
        self._settings = read()
        self._proven: Settings | None = None
        """Settings with which a node has worked."""
        self._next: Settings | None = None
        """Settings for which there must be another node."""
        self._before: Settings | None = None
        """Settings to go back to if the broker refuses the next node."""
        self._built = self._settings
        """Settings with which the newest node was begun."""
        self._node: Node | None = None
        self._remote: Remote | None = None
        self._inbox = Inbox()
        self._stop = Stop(self._inbox.wake)
        self._progress = Progress()
        self._notifier = Notifier.of(os.environ)

    def run(self) -> int:
        """Watches until all sources have ended or a stop is asked for.

        Returns:
            The exit code: 0, or 130 after SIGINT.

        Raises:
            OcrganError: something was wrong from the start, or camera or broker failed for good.
        """
        watchdog = Watchdog(self._progress, self._notifier, watchdog_seconds(os.environ))
        self._progress.expect(MAIN, HANGS_AFTER)
        with self._stop.on_signals(self._hang_up), watchdog:
            while (node := self._open()) is not None:
                with node:
                    self._lead(node)
                    self._settle(node)
                del node
                self._let_go()
        return self._stop.exit_code

    def _let_go(self) -> None:
        """Frees the node that was: its parts hold each other, sockets and models with them."""
        self._node = self._remote = None
        gc.collect()

    def _open(self) -> Node | None:
        """A node by the newest settings that work; None when it is time to stop."""
        if self._proven is not None and not self._goes_on:
            return None
        self._settings, self._next = self._next or self._settings, None
        try:
            node = self._build(self._settings)
        except OcrganError as error:
            if self._proven is None:
                raise
            _log.error("the new settings cannot be used, the old ones are: %s", error)
            self._settings, self._before = self._proven, None
            node = self._build(self._settings)
        self._proven = self._settings
        return node

    def _build(self, settings: Settings) -> Node:
        self._progress.made(MAIN)
        self._built = settings
        start = Start(
            patient=self._manner.patient or self._proven is not None,
            scores=self._manner.scores,
            environment=os.environ,
            on_refused=self._on_refused(settings),
            progress=self._progress,
        )
        return Node(settings, start)

    def _on_refused(self, settings: Settings) -> Callable[[OcrganError], None]:
        """What a broker brings about that refuses a node for good: an end, or the node before."""
        before, self._before = self._before, None
        if before is None:
            return self._stop.fail

        def go_back(error: OcrganError) -> None:
            if self._built is settings:
                _log.error("the new settings cannot be used, the old ones are: %s", error)
                self._next = before

        return lambda error: self._inbox.put(lambda: go_back(error))

    def _lead(self, node: Node) -> None:
        """Keeps a node going until its work is done, or another one is needed."""
        self._node, mqtt = node, node.settings.mqtt
        self._remote = Remote(node, mqtt, self._inbox) if mqtt is not None else None
        self._notifier.ready(f"Watching {', '.join(node.settings.cameras)}")
        while not (self._stop.asked or self._next or node.watches.all_ended):
            self._progress.made(MAIN)
            node.tick(datetime.now(UTC))
            if self._remote is not None:
                self._remote.tick()
            self._inbox.work(TICK)

    @property
    def _goes_on(self) -> bool:
        """Whether another node follows this one."""
        return self._next is not None and not self._stop.asked

    def _settle(self, node: Node) -> None:
        """Takes a node apart; what has ended it for good is raised."""
        if not self._goes_on:
            self._notifier.stopping()
        if self._remote is not None:
            self._remote.close()
        error: Exception | None = self._stop.error
        if error is None and not self._stop.asked:  # all have ended: a failure is a failure of all
            errors = [watch.error for watch in node.watches.by_name.values()]
            error = next((each for each in errors if each is not None), None)
        node.close(clean=error is None, reason="changed" if self._goes_on else "stopped")
        if error is not None and not self._goes_on:
            raise error

    def _hang_up(self) -> None:
        self._inbox.put(self._reload)

    def _reload(self) -> None:
        """Reads the settings again; wrong ones are told and change nothing."""
        self._notifier.reloading()
        try:
            self._change(self._read())
        except OcrganError as error:
            _log.error("the settings were read again but stay as they were:\n%s", error)
        except Exception:  # a fault of ours must not end what works
            _log.exception("reading the settings again failed")
        if not self._goes_on:  # else the next node says so
            self._notifier.ready(f"Watching {', '.join(self._settings.cameras)}")

    def _change(self, settings: Settings) -> None:
        difference = changes(self._settings, settings)
        if difference.node_changed:
            _log.info("new settings of %s: starting anew", ", ".join(sorted(difference.node)))
            self._next, self._before = settings, self._settings
        elif difference:
            assert self._node is not None
            self._node.change_cameras(settings, difference)
            self._settings = self._proven = settings
            if self._remote is not None:
                self._remote.say_all()
        else:
            _log.info("the settings were read again and are the same")
