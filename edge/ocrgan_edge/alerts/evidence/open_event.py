"""An event whose evidence is not complete."""

from __future__ import annotations

from dataclasses import dataclass

from ocrgan_edge.alerts.evidence.clip import Clip
from ocrgan_edge.alerts.evidence.names import References
from ocrgan_edge.alerts.evidence.store import Piece


@dataclass(slots=True)
class OpenEvent:
    """The places of its files, and the pictures of its clip."""

    snapshot: Piece | None
    """None where none is wanted."""

    video: Piece | None
    """The clip's place."""

    clip: Clip | None
    """None when it has been handed over."""

    ended: bool = False

    @property
    def names(self) -> References:
        """What its files are called, whatever becomes of them."""
        return References(
            self.snapshot.path if self.snapshot else None, self.video.path if self.video else None
        )

    def references(self, failing: bool) -> References:
        """What is on the disk or on its way there, as far as is known.

        Args:
            failing: whether nothing can be written at this moment.
        """
        undrawn = self.snapshot is not None and self.snapshot.state == "named"
        empty = self.clip is not None and not self.clip.pictures
        return References(
            None if self.ended and undrawn else _hoped_for(self.snapshot, failing),
            None if self.ended and empty else _hoped_for(self.video, failing),
        )


def _hoped_for(piece: Piece | None, failing: bool) -> str | None:
    if piece is None or piece.state == "lost" or (failing and piece.state != "kept"):
        return None
    return piece.path
