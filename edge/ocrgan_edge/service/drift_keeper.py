"""Writes drift to disk now and then, without anybody waiting for the disk."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from ocrgan_edge.detection.drift import Drift, Moments
from ocrgan_edge.detection.drift_file import write_drift
from ocrgan_edge.runtime.scorer import LocationStatistics

EVERY = 3600.0
"""Seconds between two writings: a power cut costs no more, and half-lives are days."""
CLOSE_SECONDS = 5.0
_log = logging.getLogger(__name__)


class DriftKeeper:
    """Of one camera. A thread of its own for each writing; at most one at a time."""

    def __init__(self) -> None:
        """Has kept nothing yet."""
        self._due = time.monotonic() + EVERY
        self._kept: Moments | None = None
        self._thread: threading.Thread | None = None
        self._refused = False

    def keep(
        self, file: Path, drift: Drift, calibrated: LocationStatistics, last: bool = False
    ) -> None:
        """Writes if it is time, or the last chance, and something has changed."""
        moments = drift.moments
        busy = self._thread is not None and self._thread.is_alive()
        if moments is self._kept or busy or not (last or time.monotonic() >= self._due):
            return
        self._kept, self._due = moments, time.monotonic() + EVERY
        arguments = (file, moments, calibrated)
        self._thread = threading.Thread(
            target=self._write, args=arguments, name="drift", daemon=True
        )
        self._thread.start()
        if last:
            self._thread.join(CLOSE_SECONDS)

    def _write(self, file: Path, moments: Moments, calibrated: LocationStatistics) -> None:
        try:
            write_drift(file, moments, calibrated)
            self._refused = False
        except OSError as error:
            if not self._refused:
                _log.error("drift cannot be kept in %s (%s)", file, error.strerror)
            self._refused = True
