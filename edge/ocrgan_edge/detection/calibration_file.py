"""What a camera has learned, on disk: one `.npz` per camera, valid for one model."""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.self_calibration import Calibrated
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.scorer import LocationStatistics

LARGEST = 64 * 2**20
"""Bytes of a file that is read, unpacked."""
NO_ARRAYS = (ValueError, OSError, EOFError, KeyError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What numpy raises at something that is no `.npz` file."""
NUMBERS = ("threshold", "median", "windows", "minutes")


def write_calibrated(path: Path, calibrated: Calibrated, model: str) -> None:
    """Writes whole or not at all, and to the disk before it returns.

    Args:
        path: the file, whose folder exists.
        calibrated: what was learned.
        model: which graph it holds for, for example the bundle's SHA-256 and the target.

    Raises:
        OSError: the disk is full or read-only; what was there before is unharmed.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            np.savez_compressed(
                file,
                allow_pickle=False,
                mean=calibrated.statistics.mean,
                scale=calibrated.statistics.scale,
                warning=np.array(calibrated.warning or ""),
                model=np.array(model),
                **{name: np.array(float(getattr(calibrated, name))) for name in NUMBERS},
            )
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_calibrated(path: Path, model: str, grid: tuple[int, int, int]) -> Calibrated:
    """Reads what was written for the same model.

    Args:
        path: the file.
        model: which graph it is wanted for.
        grid: terms K, map height h and map width w of that graph.

    Raises:
        DataError: the file cannot be read, was made for another model, or holds what cannot be
            used; the message is one sentence.
    """
    arrays = _arrays(path)
    mean, scale = arrays["mean"], arrays["scale"]
    numbers = {name: arrays[name] for name in NUMBERS}
    if str(arrays["model"]) != model:
        raise DataError(f"calibration {path} was made for another model: calibrate again")
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


def _arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > LARGEST:
            raise DataError(f"calibration {path} unpacks to {unpacked} bytes, which none has")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in ("mean", "scale", "warning", "model", *NUMBERS)}
    except NO_ARRAYS as error:
        raise DataError(f"calibration {path} cannot be read ({error}): calibrate again") from error
