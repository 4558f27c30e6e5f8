"""Feeds systemd's watchdog, but only as long as every part of the daemon gets on."""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
from types import TracebackType

from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.systemd import Notifier

_log = logging.getLogger(__name__)
_CHECK_SECONDS = 10.0


class Watchdog:
    """A thread that looks after the others; a context.

    It says once what hangs, with the stack of every thread, and once that it gets on again. Where
    systemd watches, what hangs for longer than its limit has the daemon killed and started again.
    """

    def __init__(self, progress: Progress, notifier: Notifier, limit: float | None) -> None:
        """Looks at nothing before it is entered.

        Args:
            progress: of all parts.
            notifier: who is told that all is well.
            limit: seconds that systemd waits for that word; None if it does not watch.
        """
        self._progress = progress
        self._notifier = notifier
        # Twice within the limit, as sd_watchdog_enabled(3) advises, and a little sooner.
        self._every = _CHECK_SECONDS if limit is None else min(limit / 2.5, _CHECK_SECONDS)
        self._told: frozenset[str] = frozenset()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        """Starts to watch; SIGABRT, by which systemd kills, from now on shows all stacks."""
        if not faulthandler.is_enabled():
            faulthandler.enable(file=sys.__stderr__ or 2)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Watches no more."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            hanging = self._progress.hanging()
            if not hanging:
                self._notifier.alive()
            self._tell(hanging)
            if self._ended.wait(self._every):
                return

    def _tell(self, hanging: dict[str, float]) -> None:
        for part in sorted(hanging.keys() - self._told):
            _log.error("%s hangs: no progress for %.0f s", part, hanging[part])
        for part in sorted(self._told - hanging.keys()):
            _log.warning("%s gets on again", part)
        if hanging.keys() - self._told:
            self._notifier.status("Hanging: " + ", ".join(sorted(hanging)))
            faulthandler.dump_traceback(file=sys.__stderr__ or 2)
        elif self._told and not hanging:
            self._notifier.status("All parts get on again")
        self._told = frozenset(hanging)
