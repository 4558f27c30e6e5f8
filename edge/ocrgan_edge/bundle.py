"""The bundle: the one file a device needs, and the contract between makers and device.

`NAME.ocrgan` is a zip of `manifest.json`, the graphs, per-location statistics and golden windows.
Nothing in it is ever unpickled or executed; each member's SHA-256 is checked before use.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_serializer

from ocrgan_edge.archive import LARGEST, read_archive, write_archive
from ocrgan_edge.array_file import parse_arrays
from ocrgan_edge.errors import BundleError, DataError
from ocrgan_edge.runtime.scorer import LocationStatistics

SCHEMA = 1
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
"""The one member that the manifest does not list: it signs the manifest (`signature`)."""

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
    form: Literal["window", "step"] = "window"
    """What a graph takes at once: a window, or one frame and what it remembers of those before."""
    graph: str
    """Member with the graph (`.onnx`, or `.xml` whose weights lie beside it as `.bin`)."""
    statistics: str
    """Member `.npz` with `mean` and `scale`, each (K, h, w) float32."""
    calibration: Calibration
    int8_share_of_macs: float | None = None
    """Share of multiply-accumulates that the runtime's own optimised graph runs in INT8."""
    kept_in_float: dict[str, float] = Field(default_factory=dict)
    """Layers of an INT8 graph that stay in float, and the error that each would have made: that of
    the anomaly map, relative to the map's own variation."""
    finetuned_steps: Annotated[int, Field(ge=0)] = 0
    """Steps that an INT8 graph's weights were fine-tuned for; 0: they are as trained."""
    parity: dict[str, float] = Field(default_factory=dict)
    """Measured agreement with the reference, by name."""
    golden_tolerance: Annotated[float, Field(gt=0)] | None = None
    """Largest difference of a golden window's score that is accepted; None: by precision."""

    @model_serializer(mode="wrap")
    def _fields(self, serialize: Callable[[Target], dict[str, Any]]) -> dict[str, Any]:
        """Without what is as it always was: older versions do not know these fields."""
        usual = [("form", "window"), ("kept_in_float", {}), ("finetuned_steps", 0)]
        return dict(pair for pair in serialize(self).items() if pair not in usual)


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

    def __init__(
        self, path: Path, manifest: Manifest, members: Mapping[str, bytes], sha256: str
    ) -> None:
        """Holds what `open_bundle` has checked; use that instead."""
        self.path = path
        self.manifest = manifest
        self.sha256 = sha256
        """Of the whole file: which model an alert comes from."""
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
        """The arrays of an `.npz` member, without pickle.

        Raises:
            BundleError: it is missing, no array file, or unpacks to more than is allowed.
        """
        try:
            return parse_arrays(self.member(name), f"bundle {self.path}: {name}", LARGEST)
        except DataError as error:
            raise BundleError(str(error)) from error

    def statistics(self, target: str) -> LocationStatistics:
        """Per-location statistics of one target.

        Raises:
            BundleError: they are missing, not (K, h, w), not finite, or a scale is not above 0.
        """
        member = self.target(target).statistics
        arrays = self.arrays(member)
        where = f"bundle {self.path}: {member}"
        if "mean" not in arrays or "scale" not in arrays:
            raise BundleError(f"{where} must have the arrays mean and scale, it has {[*arrays]}")
        if any(arrays[name].dtype != np.float32 for name in ("mean", "scale")):
            raise BundleError(f"{where} must be float32")
        mean = arrays["mean"].astype(np.float32)
        scale = arrays["scale"].astype(np.float32)
        terms = len(self.manifest.terms)
        if mean.shape != scale.shape or mean.ndim != 3 or mean.shape[0] != terms:
            raise BundleError(
                f"{where} has mean {mean.shape} and scale {scale.shape}, but both must be "
                f"({terms} terms, h, w)"
            )
        if not (np.isfinite(mean).all() and np.isfinite(scale).all() and (scale > 0).all()):
            raise BundleError(f"{where} has values that are not finite, or a scale not above 0")
        return LocationStatistics(mean, scale)


def open_bundle(path: Path) -> Bundle:
    """Reads and checks a bundle.

    Raises:
        BundleError: one sentence that says what is wrong: missing, truncated, altered, of a newer
            schema, a member that the manifest does not list or that lies outside the bundle.
    """
    archive = read_archive(path)
    archive.members.pop(SIGNATURE, None)  # who has signed it, `signature` finds out
    manifest = _manifest(path, archive.members.pop(MANIFEST, None))
    _check_members(path, manifest, archive.members)
    return Bundle(path, manifest, archive.members, archive.sha256)


def write_bundle(path: Path, manifest: Manifest, members: Mapping[str, bytes]) -> None:
    """Writes a bundle whole or not at all; `manifest.members` is filled in here.

    The same content gives the same bytes, so that a bundle can be compared by its hash.
    """
    ordered = {name: members[name] for name in sorted(members)}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in ordered.items()}
    listed = manifest.model_copy(update={"members": hashes})
    write_archive(path, {MANIFEST: listed.model_dump_json(indent=1).encode(), **ordered})


def _manifest(path: Path, data: bytes | None) -> Manifest:
    if data is None:
        raise BundleError(f"{path} is no bundle: it has no {MANIFEST}")
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError) as error:
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
    unlisted = members.keys() ^ manifest.members.keys()
    if unlisted:
        raise BundleError(
            f"bundle {path}: manifest and content do not agree about {sorted(unlisted)[0]!r}"
        )
    for name, data in members.items():
        if hashlib.sha256(data).hexdigest() != manifest.members[name]:
            raise BundleError(f"bundle {path}: {name} was altered (its SHA-256 differs)")
