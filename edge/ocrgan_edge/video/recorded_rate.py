"""The rate that folders of frames were recorded at: pictures do not say, DIR/clips.json does.

{"frames_per_second": 25}                     of all clips in DIR/train and DIR/test, or
{"frames_per_second": {"yard": 25, "gate": 12.5}}    clip by clip
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from ocrgan_edge.errors import SourceError

CLIPS = "clips.json"
PARTS = ("train", "test")


def recorded_rate(folder: Path) -> float | None:
    """Frames per second of DIR/train/<clip> as DIR/clips.json says; None where it does not.

    Raises:
        SourceError: clips.json is no such table, or the rate is not above 0.
    """
    place = folder.absolute()
    if place.parent.name not in PARTS:
        return None
    file = place.parent.parent / CLIPS
    try:
        rates = json.loads(file.read_text())["frames_per_second"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f'{file} is not {{"frames_per_second": 25}} ({type(error).__name__}: {error})'
        ) from error
    rate = rates.get(folder.name) if isinstance(rates, dict) else rates
    if rate is None:
        return None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < math.inf:
        raise SourceError(f"{file}: frames_per_second is {rate!r}, but must be a number above 0")
    return float(rate)
