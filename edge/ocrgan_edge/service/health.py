"""Whether the daemon does its work, in one answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.stats import NodeStats


@dataclass(frozen=True, slots=True)
class Health:
    """What hangs, and how the cameras stand. A camera that is away is no fault of the daemon."""

    hanging: dict[str, float]
    """Seconds since they last got on, by part."""
    cameras: dict[str, bool]
    """Whether each gives frames."""

    @classmethod
    def of(cls, stats: NodeStats, progress: Progress) -> Health:
        """How it is now."""
        cameras = {name: camera.totals.online for name, camera in stats.cameras.items()}
        return cls(progress.hanging(), cameras)

    @property
    def ok(self) -> bool:
        """Whether every part gets on."""
        return not self.hanging

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "status": "ok" if self.ok else "hanging",
            "hanging": {part: round(seconds, 1) for part, seconds in self.hanging.items()},
            "cameras": {
                name: "online" if online else "offline" for name, online in self.cameras.items()
            },
        }
