"""Drift and the file in which it outlasts a restart: nobody waits for the disk."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from ocrgan_edge.detection.drift import Drift, Moments
from ocrgan_edge.detection.drift_file import read_drift, write_drift
from ocrgan_edge.detection.profiles import Learned

_log = logging.getLogger(__name__)


class KeptDrift:
    """Of one camera in one profile, from one calibration."""

    def __init__(self, learned: Learned, file: Path | None, interval: float, recent: int) -> None:
        """Goes on where the file stood, if it holds for this calibration.

        Args:
            learned: from which it drifts.
            file: None: it is not kept over a restart.
            interval: seconds between two windows, as planned.
            recent: newest frames that a score is made of.
        """
        self.calibrated = learned.statistics
        """From which it drifts."""
        kept = None if file is None else read_drift(file, learned.statistics)
        way = learned.threshold - learned.median
        self.drift = Drift(learned.statistics, way, interval, recent, kept)
        """Follows what is usual."""
        self._file = file
        self._written = self.drift.moments
        self._thread: threading.Thread | None = None
        self._refused = False

    def write(self, wait: float = 0.0) -> None:
        """Writes what has changed, in a thread of its own; waits so many seconds for its end."""
        if self._thread is not None:
            self._thread.join(wait)
            if self._thread.is_alive():
                return
        moments = self.drift.moments
        if self._file is None or moments is self._written:
            return
        self._written = moments
        self._thread = threading.Thread(
            target=self._write, args=(self._file, moments), name="drift", daemon=True
        )
        self._thread.start()
        if wait:
            self._thread.join(wait)

    def _write(self, file: Path, moments: Moments) -> None:
        try:
            write_drift(file, moments, self.calibrated)
            self._refused = False
        except OSError as error:
            if not self._refused:
                _log.error("drift cannot be kept in %s (%s)", file, error.strerror)
            self._refused = True
