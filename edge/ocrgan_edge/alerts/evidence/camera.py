"""One camera's evidence: what was seen just before, and what belongs to its open events."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.alerts.evidence.clip import Clip
from ocrgan_edge.alerts.evidence.clip_file import can_encode, h264_mp4, mjpeg_mov
from ocrgan_edge.alerts.evidence.names import References, evidence_name
from ocrgan_edge.alerts.evidence.open_event import OpenEvent
from ocrgan_edge.alerts.evidence.picture import Picture, from_jpeg, shrink, to_jpeg
from ocrgan_edge.alerts.evidence.ring import PictureRing
from ocrgan_edge.alerts.evidence.snapshot import Drawing, draw_snapshot
from ocrgan_edge.alerts.evidence.store import EvidenceStore, Piece

LAG = 5.0
"""Seconds that pictures are kept beyond the pre-roll: an event is known later than it begins."""

NEAR = 1.0
"""Seconds within which a kept picture can stand for the peak's."""

RING_BYTES = 16_000_000
"""Of one camera's pictures before an event; a second of 640x360 has about 0.5 MB."""

SNAPSHOT_QUALITY = 85

NOTHING = References(None, None)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept of an event."""

    snapshots: bool = True
    clips: bool = True

    before: float = 5.0
    """Seconds of a clip before the event."""

    after: float = 5.0
    """Seconds of a clip after the event."""

    width: int = 640
    """Of the pictures, at most."""


class CameraEvidence:
    """Keeps a camera's newest pictures and makes snapshots and clips of them.

    `see` is for the feed thread, the rest for the thread that scores; one lock keeps them apart
    and is never held while a picture is made or anything is written.
    """

    def __init__(self, camera: str, store: EvidenceStore | None, keep: Keep | None = None) -> None:
        """Keeps no picture yet.

        Args:
            camera: its name.
            store: where files go; None: no files, but `peak` still gives pictures.
            keep: what is kept; by default that of `Keep`.
        """
        self.every = 1
        """Only every n-th frame is kept; may be set at any time, for a machine short of CPU."""
        self._camera = camera
        self._store = store
        self._keep = keep or Keep()
        self._clips = store is not None and self._keep.clips
        self._h264 = self._clips and can_encode()
        before = self._keep.before if self._clips else 0.0
        self._ring = PictureRing(before + LAG, RING_BYTES)
        self._seen = 0
        self._open: dict[str, OpenEvent] = {}
        self._lock = threading.Lock()

    def see(self, image: NDArray[np.uint8], at: float) -> None:
        """Takes the next frame of the model's clock.

        Args:
            image: (H, W, 3) blue-green-red or gray, of any size.
            at: media time in seconds. A time before the last one's begins a new recording.
        """
        self._seen += 1
        if (self._seen - 1) % max(1, self.every):
            return
        picture = Picture(at, to_jpeg(shrink(image, self._keep.width)))
        with self._lock:
            newest_at = self._ring.newest_at
            if newest_at is not None and at < newest_at:
                self._complete_all()
                self._ring.clear()
            self._ring.add(picture)
            for event_id, opened in list(self._open.items()):
                if opened.clip is not None and opened.clip.add(picture):
                    self._complete(event_id, opened)

    def begin(self, event_id: str, at: float, wall: datetime) -> References:
        """Opens an event's evidence; gives the names that its files will have.

        Args:
            event_id: of the event.
            at: media time of its start in seconds.
            wall: the same as wall time, with its time zone.
        """
        name = evidence_name(self._camera, wall, event_id)
        suffix = "mp4" if self._h264 else "mov"
        snapshots = self._store is not None and self._keep.snapshots
        with self._lock:
            before = self._ring.since(at - self._keep.before)
            opened = self._open[event_id] = OpenEvent(
                snapshot=Piece(f"{name}.jpg") if snapshots else None,
                video=Piece(f"{name}.{suffix}") if self._clips else None,
                clip=Clip(before) if self._clips else None,
            )
            return opened.names

    def references(self, event_id: str) -> References:
        """What of an open event is on the disk or on its way; None for what is lost."""
        with self._lock:
            opened = self._open.get(event_id)
            return NOTHING if opened is None else opened.references(self._failing)

    def peak(self, event_id: str, at: float, drawing: Drawing) -> bytes | None:
        """Draws the snapshot of an event's peak and hands it over to be kept.

        Args:
            event_id: of the event; only that of an open one is kept.
            at: media time of the peak's newest frame in seconds.
            drawing: what is drawn in.

        Returns:
            The JPEG file; None where no picture from that time is there any more.
        """
        with self._lock:
            opened = self._open.get(event_id)
            picture = self._nearest(opened, at)
        if picture is None:
            return None
        image = draw_snapshot(from_jpeg(picture.jpeg), self._camera, drawing, self._keep.width)
        jpeg = to_jpeg(image, SNAPSHOT_QUALITY)
        if opened is not None and opened.snapshot is not None and self._store is not None:
            self._store.keep(opened.snapshot, lambda: jpeg, len(jpeg))
        return jpeg

    def end(self, event_id: str, at: float) -> References:
        """Ends an event; its clip is complete when the post-roll has been seen.

        Args:
            event_id: of the event.
            at: media time of its end in seconds.

        Returns:
            What is, or is still going to be, on the disk; None for what is known to be lost.
        """
        with self._lock:
            opened = self._open.get(event_id)
            if opened is None:
                return NOTHING
            opened.ended = True
            if opened.clip is None or opened.clip.end(at + self._keep.after):
                self._complete(event_id, opened)
            return opened.references(self._failing)

    def close(self) -> None:
        """No more frames for now: hands over all clips as they are. Frames may come again."""
        with self._lock:
            self._complete_all()

    @property
    def _failing(self) -> bool:
        return self._store is not None and self._store.failing

    def _complete_all(self) -> None:
        for event_id, opened in list(self._open.items()):
            self._complete(event_id, opened)

    def _complete(self, event_id: str, opened: OpenEvent) -> None:
        """Hands over a clip to which nothing more comes; forgets its event if that has ended."""
        clip, opened.clip = opened.clip, None
        if clip is not None:
            self._hand_over(opened.video, clip)
        if opened.ended:
            del self._open[event_id]

    def _hand_over(self, piece: Piece | None, clip: Clip) -> None:
        assert piece is not None
        assert self._store is not None
        if not clip.pictures:
            self._store.give_up(piece)
            return
        if clip.cut:
            _log.info("%s: clip %s is cut: its event lasts too long", self._camera, piece.path)
        make = h264_mp4 if self._h264 else mjpeg_mov
        self._store.keep(piece, lambda: make(clip.pictures), clip.bytes)

    def _nearest(self, opened: OpenEvent | None, at: float) -> Picture | None:
        pictures = self._ring.since(at - NEAR)
        if opened is not None and opened.clip is not None:
            pictures += opened.clip.pictures
        nearest = min(pictures, key=lambda picture: abs(picture.at - at), default=None)
        return nearest if nearest is not None and abs(nearest.at - at) <= NEAR else None
