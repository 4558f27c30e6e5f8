"""What every source of frames promises: camera, stream, file, folder, rendered scene."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ocrgan_edge.video.frame import Frame


@runtime_checkable
class Source(Protocol):
    """Frames in order, one at a time.

    Errors: opening or reading raises `SourceError` with one sentence that names the source.
    """

    name: str
    """What the user called it, for messages."""

    frames_per_second: float
    """Nominal rate in 1/s, for progress bars and for frames without a clock of their own."""

    live: bool
    """True where frames come at their own pace and can be lost (camera, stream)."""

    length: int | None
    """Frames in all, where the source knows before reading them."""

    def read(self) -> Frame | None:
        """The next frame, or None when the source has ended."""

    def close(self) -> None:
        """Releases what the source holds; may be called twice."""
