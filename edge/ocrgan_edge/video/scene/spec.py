"""What a rendered scene is made from: the place, the day, the anomalies, the sensor."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ocrgan_edge.errors import SettingsError

KINDS = (
    "runner",
    "cyclist",
    "vehicle",
    "fall",
    "loitering",
    "wrong_way",
    "abandoned_object",
    "crowd_scatter",
)
"""Every anomaly the scene can show."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something out of the ordinary."""

    kind: str
    """One of `KINDS`."""

    start: float
    """Seconds after the first frame at which it begins. Who comes in from outside is first seen
    up to 0.5 s later, a vehicle's front 0.2 s earlier; the truth says exactly when."""

    def __post_init__(self) -> None:
        """Refuses what cannot be staged."""
        if self.kind not in KINDS:
            raise SettingsError(
                f"there is no anomaly {self.kind!r}: wanted is one of {', '.join(KINDS)}"
            )
        if not 0.0 <= self.start < math.inf:
            raise SettingsError(f"{self.kind} must begin at 0 s or later, not {self.start:g}")


@dataclass(frozen=True, slots=True)
class SceneSpec:
    """One recording; the same spec gives the same bytes.

    Raises:
        SettingsError: a value cannot be used.
    """

    seed: int = 0
    """The day: who walks when, clouds, noise."""

    site_seed: int = 0
    """The place: layout, buildings, camera pose."""

    width: int = 384
    """Pixels. Wider than 1.5 times the height, people come and go a little inside the picture."""

    height: int = 256
    """Pixels."""

    frames_per_second: float = 10.0
    """1/s."""

    seconds: float | None = None
    """Length; None never ends."""

    anomalies: tuple[Anomaly, ...] = ()
    """What happens besides normal life."""

    incidents_every: float | None = None
    """Seconds between anomalies that come by themselves, all kinds in turn; None: none do."""

    walkers_per_minute: float = 14.0
    """How busy the place is: groups of one or two people that arrive."""

    noise: float = 1.0
    """Sensor noise; 1 is an ordinary camera by day, 0 none."""

    shake: float = 0.0
    """Standard deviation of the camera's movement in pixels."""

    jpeg_quality: int | None = 88
    """Compression inside the camera, 1 to 100; None: none."""

    def __post_init__(self) -> None:
        """Refuses what cannot be rendered."""
        _require(self.seed >= 0, f"seed must be 0 or above, not {self.seed}")
        _require(self.site_seed >= 0, f"site must be 0 or above, not {self.site_seed}")
        _require(
            64 <= self.width <= 4096 and 48 <= self.height <= 4096,
            f"size must be 64x48 to 4096x4096, not {self.width}x{self.height}",
        )
        _within("frames per second", self.frames_per_second, (0.1, 240.0))
        if self.seconds is not None:
            _require(
                0.0 < self.seconds < math.inf, f"seconds must be above 0, not {self.seconds:g}"
            )
        if self.incidents_every is not None:
            _within("seconds between incidents", self.incidents_every, (20.0, 1e6))
        _within("walkers per minute", self.walkers_per_minute, (0.0, 60.0))
        _within("noise", self.noise, (0.0, 10.0))
        _within("shake", self.shake, (0.0, 10.0))
        if self.jpeg_quality is not None:
            _within("JPEG quality", self.jpeg_quality, (1, 100))
        for it in self.anomalies:
            _require(
                self.seconds is None or it.start < self.seconds,
                f"{it.kind} at {it.start:g} s begins after the end of a scene of "
                f"{self.seconds or 0:g} s",
            )

    @property
    def length(self) -> int | None:
        """Frames in all, at least one."""
        if self.seconds is None:
            return None
        return max(1, round(self.seconds * self.frames_per_second))


def _require(good: bool, message: str) -> None:
    if not good:
        raise SettingsError(message)


def _within(name: str, value: float, limits: tuple[float, float]) -> None:
    low, high = limits
    _require(low <= value <= high, f"{name} must be {low:g} to {high:g}, not {value:g}")
