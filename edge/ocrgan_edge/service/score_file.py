"""Every window's score as JSON lines, for comparison with what was computed elsewhere."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TextIO

from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.scorer import TERMS
from ocrgan_edge.runtime.scoring import ScoredWindow


class ScoreFile:
    """Writes `{"end", "at", "score", "shares"}` per window.

    A score is a 32-bit float written with all its digits: reading it back gives the same bits.
    """

    def __init__(self, path: Path) -> None:
        """Creates the file, or empties it.

        Raises:
            SettingsError: it cannot be written.
        """
        try:
            self._file: TextIO = path.open("w", buffering=1)
            self._one_at_a_time = threading.Lock()
        except OSError as error:
            raise SettingsError(f"scores file {path} cannot be written ({error})") from error

    def write(self, window: ScoredWindow) -> None:
        """Writes one line at once; any worker may call."""
        shares = dict(zip(TERMS, window.result.shares.tolist(), strict=True))
        line = {
            "end": window.end,
            "at": window.at,
            "score": float(window.result.score),
            "shares": shares,
        }
        with self._one_at_a_time:
            print(json.dumps(line), file=self._file)

    def __enter__(self) -> ScoreFile:
        """The file, open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes it."""
        self._file.close()
