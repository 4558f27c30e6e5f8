"""A clip's pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ocrgan_edge.alerts.evidence.picture import Picture

LONGEST = 60.0
"""Seconds of a clip."""

MOST_BYTES = 24_000_000
"""Of a clip's pictures while it is collected."""


class Clip:
    """Collects the pictures of one event."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        """Begins with the pictures from before the event."""
        self.pictures = list(pictures)
        self.cut = False
        """It was complete before its time, for it had become too long or too large."""
        self._until = math.inf
        self.bytes = sum(len(picture.jpeg) for picture in pictures)

    def add(self, picture: Picture) -> bool:
        """Takes the next picture, if it still belongs to the clip; says whether it is complete."""
        if picture.at > self._until:
            return True
        began = self.pictures[0].at if self.pictures else picture.at
        size = self.bytes + len(picture.jpeg)
        self.cut = picture.at - began > LONGEST or size > MOST_BYTES
        if self.cut:
            return True
        self.pictures.append(picture)
        self.bytes = size
        return picture.at >= self._until

    def end(self, at: float) -> bool:
        """Nothing after media time `at` belongs to it; says whether it is complete."""
        self._until = at
        complete = bool(self.pictures) and self.pictures[-1].at >= at
        self.pictures = [picture for picture in self.pictures if picture.at <= at]
        return complete
