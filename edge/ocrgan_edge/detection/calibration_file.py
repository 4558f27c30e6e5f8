"""What a camera has learned, on disk: one `.npz` with its profiles, valid for one model.

The profile `always` lies under plain names, as in files of earlier versions, which had no other;
those of `day` and `night` begin with the profile's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ocrgan_edge.array_file import Arrays, read_arrays, write_arrays
from ocrgan_edge.detection.profiles import PROFILES, Profile
from ocrgan_edge.detection.self_calibration import Calibrated
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.scorer import LocationStatistics

NUMBERS = ("threshold", "median", "windows", "minutes")
NAMES = ("mean", "scale", "warning", *NUMBERS)


def write_calibrated(path: Path, calibrated: Calibrated, model: str) -> None:
    """Writes one calibration that holds always; see `write_profiles`."""
    write_profiles(path, {"always": calibrated}, model)


def write_profiles(path: Path, profiles: Mapping[Profile, Calibrated], model: str) -> None:
    """Writes whole or not at all, and to the disk before it returns.

    Args:
        path: the file, whose folder exists.
        profiles: what was learned, one or more.
        model: which graph it holds for, for example the bundle's SHA-256 and the target.

    Raises:
        OSError: the disk is full or read-only; what was there before is unharmed.
    """
    arrays: Arrays = {"model": np.array(model)}
    for profile, calibrated in profiles.items():
        arrays |= {_key(profile, name): value for name, value in _written(calibrated).items()}
    write_arrays(path, arrays)


def read_calibrated(
    path: Path, model: str, grid: tuple[int, ...], profile: Profile = "always"
) -> Calibrated:
    """Reads what was written for the same model, for one profile.

    Raises:
        DataError: as `read_profiles`, or the file lacks the profile.
    """
    profiles = read_profiles(path, model, grid)
    if profile not in profiles:
        raise DataError(f"calibration {path} has nothing for {profile}: calibrate again")
    return profiles[profile]


def read_profiles(path: Path, model: str, grid: tuple[int, ...]) -> dict[Profile, Calibrated]:
    """Reads all that was written for the same model.

    Args:
        path: the file.
        model: which graph it is wanted for.
        grid: terms K, map height h and map width w of that graph.

    Raises:
        DataError: the file cannot be read, was made for another model, or holds what cannot be
            used; the message is one sentence.
    """
    arrays = _arrays(path)
    try:
        if str(arrays["model"]) != model:
            raise DataError(f"calibration {path} was made for another model: calibrate again")
        found: dict[Profile, Calibrated] = {
            profile: _read(path, {name: arrays[_key(profile, name)] for name in NAMES}, grid)
            for profile in PROFILES
            if _key(profile, "mean") in arrays
        }
    except KeyError as error:
        raise DataError(f"calibration {path} cannot be read ({error}): calibrate again") from error
    if not found:
        raise DataError(f"calibration {path} cannot be read (it is empty): calibrate again")
    return found


def target_calibrated(path: Path, bundle_sha256: str) -> str | None:
    """Which of a bundle's targets a file was written for; None: it is for another bundle.

    Raises:
        DataError: the file cannot be read.
    """
    sha256, _, target = str(_arrays(path).get("model", "")).partition(" ")
    return target if sha256 == bundle_sha256 and target else None


def _key(profile: Profile, name: str) -> str:
    return name if profile == "always" else f"{profile}-{name}"


def _written(calibrated: Calibrated) -> Arrays:
    numbers: Arrays = {name: np.array(float(getattr(calibrated, name))) for name in NUMBERS}
    return numbers | {
        "mean": calibrated.statistics.mean,
        "scale": calibrated.statistics.scale,
        "warning": np.array(calibrated.warning or ""),
    }


def _read(path: Path, arrays: Arrays, grid: tuple[int, ...]) -> Calibrated:
    mean, scale = arrays["mean"], arrays["scale"]
    numbers = {name: arrays[name] for name in NUMBERS}
    if any(values.dtype != np.float32 or values.shape != grid for values in (mean, scale)):
        raise DataError(f"calibration {path} has other statistics than float32 {grid}")
    if any(value.dtype != np.float64 or value.shape != () for value in numbers.values()):
        raise DataError(f"calibration {path} has a number that is none")
    if not all(np.isfinite(values).all() for values in (mean, scale, *numbers.values())):
        raise DataError(f"calibration {path} has values that are not finite")
    statistics = LocationStatistics(mean.astype(np.float32), scale.astype(np.float32))
    if not (statistics.scale > 0).all():
        raise DataError(f"calibration {path} has a scale that is not above 0")
    return Calibrated(
        statistics=statistics,
        threshold=float(numbers["threshold"]),
        median=float(numbers["median"]),
        windows=int(numbers["windows"]),
        minutes=float(numbers["minutes"]),
        warning=str(arrays["warning"]) or None,
    )


def _arrays(path: Path) -> Arrays:
    try:
        return read_arrays(path)
    except DataError as error:
        raise DataError(f"calibration {error}: calibrate again") from error
