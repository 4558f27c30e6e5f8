"""How the whole node fares: its cameras' counts, and what others count, in one message."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from ocrgan_edge.alerts.messages import OutboxStats, StatsMessage
from ocrgan_edge.clock import clock_synced
from ocrgan_edge.service.camera_stats import CameraStats
from ocrgan_edge.service.machine import children_rss_bytes, rss_bytes, temperature, versions

_EMPTY = OutboxStats(depth=0, bytes=0, dropped=0, set_aside=0, failed_writes=0)


@dataclass(frozen=True, slots=True)
class OthersCounts:
    """What others count; asked whenever somebody wants to know."""

    outbox: Callable[[], OutboxStats] = lambda: _EMPTY
    broker_reconnects: Callable[[], int] = lambda: 0
    evidence_dropped: Callable[[], int] = lambda: 0


class NodeStats:
    """Counts of the node and its cameras since the daemon's start."""

    def __init__(self, boot_id: str, others: OthersCounts | None = None) -> None:
        """Knows no camera yet.

        Args:
            boot_id: of this start of the daemon.
            others: where the rest is asked for.
        """
        self.version = version("ocrgan-edge")
        self.versions = versions()
        """Of the runtimes, by name."""
        self.others = others or OthersCounts()
        self._boot_id = boot_id
        self._started = time.monotonic()
        self._cameras: dict[str, CameraStats] = {}

    @property
    def cameras(self) -> Mapping[str, CameraStats]:
        """By name; a picture of this moment."""
        return dict(self._cameras)

    def add(self, camera: str, hop: float) -> CameraStats:
        """Counts a camera from now on; one that was known goes on where it stood.

        Args:
            camera: its name.
            hop: frames between two windows if all goes as it should.
        """
        counts = self._cameras.setdefault(camera, CameraStats(hop))
        counts.hop = hop
        return counts

    def remove(self, camera: str) -> None:
        """The camera is gone from the settings."""
        self._cameras.pop(camera, None)

    def message(self) -> StatsMessage:
        """How the node fares; rates and percentiles are since the message before."""
        return StatsMessage(
            time=datetime.now(UTC),
            clock_synced=clock_synced(),
            boot_id=self._boot_id,
            uptime=round(time.monotonic() - self._started, 1),
            version=self.version,
            versions=self.versions,
            rss_bytes=rss_bytes(),
            children_rss_bytes=children_rss_bytes(),
            temperature=temperature(),
            broker_reconnects=self.others.broker_reconnects(),
            evidence_dropped=self.others.evidence_dropped(),
            outbox=self.others.outbox(),
            cameras={name: camera.interval() for name, camera in self.cameras.items()},
        )
