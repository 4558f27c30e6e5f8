"""The last seconds of a camera, small, in memory."""

from __future__ import annotations

from collections import deque

from ocrgan_edge.alerts.evidence.picture import Picture


class PictureRing:
    """Keeps pictures for some seconds of media time, within a number of bytes."""

    def __init__(self, seconds: float, most_bytes: int) -> None:
        """Starts empty.

        Args:
            seconds: how long a picture is kept.
            most_bytes: of all pictures; the oldest go before their time when it is reached.
        """
        self.bytes = 0
        """Of all pictures at this moment."""
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._pictures: deque[Picture] = deque()

    def add(self, picture: Picture) -> None:
        """Takes the newest picture; pictures come in order of time."""
        self._pictures.append(picture)
        self.bytes += len(picture.jpeg)
        while len(self._pictures) > 1 and self._too_much(picture.at):
            self.bytes -= len(self._pictures.popleft().jpeg)

    def since(self, at: float) -> list[Picture]:
        """All pictures from media time `at` on, oldest first."""
        return [picture for picture in self._pictures if picture.at >= at]

    @property
    def newest_at(self) -> float | None:
        """Media time of the newest picture."""
        return self._pictures[-1].at if self._pictures else None

    def clear(self) -> None:
        """Forgets all pictures."""
        self._pictures.clear()
        self.bytes = 0

    def _too_much(self, now: float) -> bool:
        return self.bytes > self._most_bytes or self._pictures[0].at < now - self._seconds
