"""How far a camera has drifted, kept over restarts: one small `.npz` per camera and profile."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ocrgan_edge.detection.drift import Moments
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.whole_file import write_whole

LARGEST = 64 * 2**20
"""Bytes that are read; what is larger was not written here."""
NO_ARRAYS = (ValueError, OSError, EOFError, KeyError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What numpy raises at something that is no `.npz` file."""


def fingerprint(statistics: LocationStatistics) -> str:
    """Tells calibrated statistics from all others: what drifted from them holds for them only."""
    digest = hashlib.sha256(statistics.mean.tobytes())
    digest.update(statistics.scale.tobytes())
    return digest.hexdigest()


def write_drift(path: Path, moments: Moments, calibrated: LocationStatistics) -> None:
    """Writes whole or not at all.

    Raises:
        OSError: the disk is full or read-only; what was there before is unharmed.
    """
    data = io.BytesIO()
    np.savez_compressed(
        data,
        allow_pickle=False,
        mean=moments.mean,
        variance=moments.variance,
        calibrated=np.array(fingerprint(calibrated)),
    )
    write_whole(path, data.getvalue())


def read_drift(path: Path, calibrated: LocationStatistics) -> Moments | None:
    """What was kept for these very statistics; None if nothing is, or it cannot be used."""
    try:
        with path.open("rb") as file:
            data = io.BytesIO(file.read(LARGEST))
        with np.load(data, allow_pickle=False) as arrays:
            mean, variance = arrays["mean"], arrays["variance"]
            known = str(arrays["calibrated"]) == fingerprint(calibrated)
    except NO_ARRAYS:
        return None
    shape = calibrated.mean.shape
    if not known or any(a.dtype != np.float64 or a.shape != shape for a in (mean, variance)):
        return None
    if not (np.isfinite(mean).all() and np.isfinite(variance).all() and (variance >= 0).all()):
        return None
    return Moments(mean, variance)
