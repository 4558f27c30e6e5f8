"""What commands have set, kept over restarts in `remembered.json`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from ocrgan_edge.bundle import Sha256
from ocrgan_edge.detection.profiles import Profile
from ocrgan_edge.detection.sensitivity import Word
from ocrgan_edge.whole_file import write_whole

FILE = "remembered.json"
LARGEST = 4 << 20
"""Bytes that are read; what is larger was not written here."""
RETRY_SECONDS = 60.0
"""Between two tries to write while the disk refuses."""
CLOSE_SECONDS = 5.0
_log = logging.getLogger(__name__)
Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class RememberedThreshold(_Strict):
    """A threshold that was set by hand, in the scores of one bundle."""

    value: Finite
    bundle_sha256: Sha256


class RememberedCalibration(_Strict):
    """What a camera has learned of its place, in the scores of one bundle."""

    threshold: Finite
    median: Finite
    """Score of normal windows."""
    statistics: Annotated[str, Field(pattern=r"^[^/\\\x00]+$")] | None
    """File name below the state folder; None, of a version that noted full disks so: not used."""
    when: AwareDatetime
    minutes: Annotated[float, Field(gt=0)]
    hop: Annotated[int, Field(ge=1)]
    bundle_sha256: Sha256


class RememberedCamera(_Strict):
    """One camera; None: nothing was set, the configuration holds."""

    enabled: bool | None = None
    threshold: RememberedThreshold | None = None
    sensitivity: Word | Annotated[float, Field(ge=0.1, le=10)] | None = None
    calibration: RememberedCalibration | None = None
    profiles: dict[Literal["day", "night"], RememberedCalibration] = Field(default_factory=dict)


class Remembered(_Strict):
    """The whole file."""

    schema_version: Literal[1] = 1
    model: str | None = None
    """File name of the bundle in the models folder that all cameras score by."""
    cameras: dict[str, RememberedCamera] = Field(default_factory=dict)
    announced: dict[str, str] = Field(default_factory=dict)
    """Components that Home Assistant was told of, with their platform."""


@dataclass(frozen=True, slots=True)
class Writes:
    """How keeping went since the start."""

    failed: int = 0
    set_aside: bool = False
    """The file could not be read and was renamed."""


class Memory:
    """Remembers at once in memory, and on disk by a thread of its own. Any thread may call."""

    def __init__(self, folder: Path | None) -> None:
        """Reads what was kept; without a folder nothing is kept on disk.

        A file that cannot be read or understood is renamed to `remembered.json.corrupt`.
        """
        self._file = folder / FILE if folder else None
        self._changed = threading.Condition()
        self._dirty = False
        self._closed = False
        self._refused = False
        self._failed = 0
        self._told: set[tuple[str, ...]] = set()
        kept = _read(self._file) if self._file else Remembered()
        self._set_aside = kept is None
        self._now = kept or Remembered()
        self._thread: threading.Thread | None = None
        if self._file:
            self._thread = threading.Thread(target=self._work, name="memory", daemon=True)
            self._thread.start()

    @property
    def now(self) -> Remembered:
        """All that is remembered."""
        return self._now

    @property
    def writes(self) -> Writes:
        """How keeping went since the start."""
        return Writes(self._failed, self._set_aside)

    def camera(self, name: str, bundle_sha256: str) -> RememberedCamera:
        """What holds for a camera that scores by this bundle.

        A threshold or calibration for another bundle is left out, said in the log once: its
        scores mean something else. It is still remembered for when that bundle comes back.
        """
        camera = self._now.cameras.get(name, RememberedCamera())
        for what in ("threshold", "calibration"):
            value = getattr(camera, what)
            if value is not None and value.bundle_sha256 != bundle_sha256:
                self._tell_unused(name, what, bundle_sha256)
                camera = camera.model_copy(update={what: None})
        mine = {day: p for day, p in camera.profiles.items() if p.bundle_sha256 == bundle_sha256}
        for other in camera.profiles.keys() - mine.keys():
            self._tell_unused(name, f"calibration for {other}", bundle_sha256)
        return camera.model_copy(update={"profiles": mine})

    def set_enabled(self, camera: str, on: bool) -> None:
        """Remembers whether a camera is armed."""
        self._set_camera(camera, enabled=on)

    def set_sensitivity(self, camera: str, level: Word | float) -> None:
        """Remembers a camera's sensitivity, a word or 0.1 … 10."""
        self._set_camera(camera, sensitivity=level)

    def set_threshold(self, camera: str, value: float, bundle_sha256: str) -> None:
        """Remembers a camera's threshold, in the scores of this bundle."""
        threshold = RememberedThreshold(value=value, bundle_sha256=bundle_sha256)
        self._set_camera(camera, threshold=threshold)

    def set_calibration(
        self, camera: str, calibration: RememberedCalibration, profile: Profile = "always"
    ) -> None:
        """Remembers what a calibration gave; a threshold set before it is void."""
        with self._changed:
            before = self._now.cameras.get(camera, RememberedCamera())
            change: dict[str, object] = {"calibration": calibration}
            if profile != "always":
                change = {"profiles": {**before.profiles, profile: calibration}}
            self._set_camera(camera, **change, threshold=None)

    def set_model(self, name: str | None) -> None:
        """Remembers which bundle of the models folder is installed; None: the configuration's."""
        with self._changed:
            self._set(model=name)

    def set_announced(self, components: Mapping[str, str]) -> None:
        """Remembers which components Home Assistant was told of."""
        with self._changed:
            self._set(announced=dict(components))

    def close(self) -> None:
        """Waits up to CLOSE_SECONDS until all is written, or the disk has refused once more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread:
            self._thread.join(CLOSE_SECONDS)

    def _tell_unused(self, *what: str) -> None:
        if what not in self._told:
            self._told.add(what)
            _log.info("%s: the remembered %s is for another model and not used", *what[:2])

    def _set_camera(self, name: str, **change: object) -> None:
        with self._changed:
            before = self._now.cameras.get(name, RememberedCamera())
            camera = RememberedCamera.model_validate({**dict(before), **change})
            self._set(cameras={**self._now.cameras, name: camera})

    def _set(self, **change: object) -> None:
        changed = self._now.model_copy(update=change)
        if changed != self._now:
            self._now = changed
            self._dirty = True
            self._changed.notify()

    def _work(self) -> None:
        """Writes the newest state whenever it has changed; again a while after a failure."""
        closing = False
        while not closing:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._dirty)
                closing, dirty, now = self._closed, self._dirty, self._now
                self._dirty = False
            if dirty and not self._write(now):
                with self._changed:
                    self._dirty = True
                    self._changed.wait_for(lambda: self._closed, RETRY_SECONDS)

    def _write(self, now: Remembered) -> bool:
        assert self._file
        try:
            write_whole(self._file, now.model_dump_json(indent=1).encode())
        except OSError as error:
            self._failed += 1
            if not self._refused:
                _log.error(
                    "%s cannot be written (%s): what commands set holds until the next start only",
                    self._file,
                    error.strerror,
                )
            self._refused = True
            return False
        if self._refused:
            _log.info("%s is written again", self._file)
        self._refused = False
        return True


def _read(file: Path) -> Remembered | None:
    """What a file says; nothing yet if there is none; None if it had to be set aside."""
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ValueError(f"more than {LARGEST >> 20} MB")
        return Remembered.model_validate_json(data)
    except FileNotFoundError:
        return Remembered()
    except (OSError, ValueError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        _set_aside(file, why)
        return None


def _set_aside(file: Path, why: str) -> None:
    aside = file.with_name(f"{FILE}.corrupt")
    try:
        file.replace(aside)
        where = f"it was renamed to {aside.name}"
    except OSError as error:
        where = f"it cannot be renamed either ({error.strerror})"
    _log.error("%s cannot be understood (%s): %s, commands start anew", file, why, where)
