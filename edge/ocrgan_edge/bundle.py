"""The bundle: the one file a device needs, and the contract between makers and device.

`NAME.ocrgan` is a zip of `manifest.json`, the graphs, per-location statistics and golden windows.
Nothing in it is ever unpickled or executed; each member's SHA-256 is checked before use.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.scorer import LocationStatistics

SCHEMA = 1
MANIFEST = "manifest.json"
Positive = Annotated[int, Field(gt=0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class InputSpec(_Strict):
    """What a graph takes: uint8 frames (1, T, H, W, 3), blue-green-red."""

    frames: Positive
    """T, frames per window."""
    height: Positive
    width: Positive
    frames_per_second: Annotated[float, Field(gt=0)]
    """Rate the model was trained at; the daemon resamples to it."""


class Calibration(_Strict):
    """Where a target's threshold comes from: normal video alone."""

    threshold: float
    """A score above it, for the alarm's minimum duration, is an alarm."""
    median: float
    """Median score of normal windows: the zero that hysteresis is measured from."""
    false_alarms_per_day: Annotated[float, Field(gt=0)]
    """What was wished for."""
    windows: Positive
    """Normal windows that the threshold was read from."""
    minutes: Annotated[float, Field(gt=0)]
    """Their length as video."""
    hop: Positive
    source: str
    """Which recordings, for a person to read."""
    warning: str | None = None
    """Why the wish could only be extrapolated, if so."""


class Target(_Strict):
    """One graph of the bundle."""

    runtime: Literal["onnx", "openvino"]
    precision: Literal["fp32", "fp16", "int8"]
    graph: str
    """Member with the graph (`.onnx`, or `.xml` whose weights lie beside it as `.bin`)."""
    statistics: str
    """Member `.npz` with `mean` and `scale`, each (K, h, w) float32."""
    calibration: Calibration
    int8_share_of_macs: float | None = None
    """Share of multiply-accumulates that the runtime's own optimised graph runs in INT8."""
    parity: dict[str, float] = Field(default_factory=dict)
    """Measured agreement with the reference, by name."""
    golden_tolerance: Annotated[float, Field(gt=0)] | None = None
    """Largest difference of a golden window's score that is accepted; None: by precision."""


class Manifest(_Strict):
    """`manifest.json`."""

    schema_version: int = SCHEMA
    name: str
    created: str
    """ISO 8601, UTC."""
    input: InputSpec
    terms: tuple[str, ...]
    """The K terms in the graph's order."""
    targets: dict[str, Target]
    golden: str
    """Member `.npz`: `frames` (N, T, H, W, 3) uint8 and, per target, `score/<target>` (N,)."""
    training: dict[str, str | int | float]
    """Provenance: data, clips, commit, seed, minutes, parameters, preset."""
    members: dict[str, Sha256]
    """SHA-256 of every other member."""


class Bundle:
    """An opened bundle whose members have all been checked."""

    def __init__(self, path: Path, manifest: Manifest, members: Mapping[str, bytes]) -> None:
        """Holds what `open_bundle` has checked; use that instead."""
        self.path = path
        self.manifest = manifest
        self._members = members

    def member(self, name: str) -> bytes:
        """The bytes of one member.

        Raises:
            BundleError: the bundle has no such member.
        """
        try:
            return self._members[name]
        except KeyError:
            raise BundleError(f"bundle {self.path} has no member {name!r}") from None

    def target(self, name: str) -> Target:
        """One graph's entry.

        Raises:
            BundleError: the bundle has no such target; the message lists those it has.
        """
        try:
            return self.manifest.targets[name]
        except KeyError:
            have = ", ".join(sorted(self.manifest.targets))
            raise BundleError(f"bundle {self.path} has no target {name!r}; it has {have}") from None

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """The arrays of an `.npz` member, without pickle."""
        try:
            with np.load(io.BytesIO(self.member(name)), allow_pickle=False) as archive:
                return dict(archive)
        except (ValueError, OSError, zipfile.BadZipFile) as error:
            raise BundleError(f"bundle {self.path}: {name} is no array file: {error}") from error

    def statistics(self, target: str) -> LocationStatistics:
        """Per-location statistics of one target.

        Raises:
            BundleError: they are missing, not finite, or their scale is not above 0.
        """
        member = self.target(target).statistics
        arrays = self.arrays(member)
        try:
            mean = arrays["mean"].astype(np.float32)
            scale = arrays["scale"].astype(np.float32)
        except KeyError as error:
            raise BundleError(f"bundle {self.path}: {member} has no array {error}") from None
        if not (np.isfinite(mean).all() and np.isfinite(scale).all() and (scale > 0).all()):
            raise BundleError(
                f"bundle {self.path}: {member} has values that are not usable numbers"
            )
        return LocationStatistics(mean, scale)


def open_bundle(path: Path) -> Bundle:
    """Reads and checks a bundle.

    Raises:
        BundleError: one sentence that says what is wrong: missing, truncated, altered, of a newer
            schema, a member that the manifest does not list or that lies outside the bundle.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
    except FileNotFoundError:
        raise BundleError(f"there is no bundle at {path}") from None
    except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise BundleError(f"bundle {path} cannot be read ({error}): copy it again") from error
    manifest = _manifest(path, members.pop(MANIFEST, None))
    _check_members(path, manifest, members)
    return Bundle(path, manifest, members)


def write_bundle(path: Path, manifest: Manifest, members: Mapping[str, bytes]) -> None:
    """Writes a bundle whole or not at all; `manifest.members` is filled in here.

    The same content gives the same bytes, so that a bundle can be compared by its hash.
    """
    listed = manifest.model_copy(
        update={
            "members": {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
        }
    )
    partial = path.with_name(path.name + ".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(_entry(MANIFEST), listed.model_dump_json(indent=1))
        for name in sorted(members):
            archive.writestr(_entry(name), members[name])
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.replace(path)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _manifest(path: Path, data: bytes | None) -> Manifest:
    if data is None:
        raise BundleError(f"{path} is no bundle: it has no {MANIFEST}")
    try:
        fields = json.loads(data)
    except ValueError as error:
        raise BundleError(f"bundle {path}: {MANIFEST} is not JSON ({error})") from error
    version = fields.get("schema_version") if isinstance(fields, dict) else None
    if isinstance(version, int) and version > SCHEMA:
        raise BundleError(
            f"bundle {path} has schema {version}, this version reads up to {SCHEMA}: "
            "update ocrgan-edge"
        )
    try:
        return Manifest.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BundleError(f"bundle {path}: {MANIFEST}: {where}: {first['msg']}") from error


def _check_members(path: Path, manifest: Manifest, members: Mapping[str, bytes]) -> None:
    for name in members:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise BundleError(f"bundle {path}: member {name!r} lies outside the bundle")
    unlisted = members.keys() ^ manifest.members.keys()
    if unlisted:
        raise BundleError(
            f"bundle {path}: manifest and content do not agree about {sorted(unlisted)[0]!r}"
        )
    for name, data in members.items():
        if hashlib.sha256(data).hexdigest() != manifest.members[name]:
            raise BundleError(f"bundle {path}: {name} was altered (its SHA-256 differs)")
