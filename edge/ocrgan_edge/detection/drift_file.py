"""How far a camera has drifted, kept over restarts: one small `.npz` per camera and profile."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ocrgan_edge.array_file import read_arrays, write_arrays
from ocrgan_edge.detection.drift import Moments
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.scorer import LocationStatistics


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
    known = np.array(fingerprint(calibrated))
    write_arrays(path, {"mean": moments.mean, "variance": moments.variance, "calibrated": known})


def read_drift(path: Path, calibrated: LocationStatistics) -> Moments | None:
    """What was kept for these very statistics; None if nothing is, or it cannot be used."""
    try:
        arrays = read_arrays(path)
        mean, variance = arrays["mean"], arrays["variance"]
        known = str(arrays["calibrated"]) == fingerprint(calibrated)
    except (DataError, KeyError):
        return None
    shape = calibrated.mean.shape
    if not known or any(a.dtype != np.float64 or a.shape != shape for a in (mean, variance)):
        return None
    moments = Moments(mean.astype(np.float64), variance.astype(np.float64))
    finite = np.isfinite(moments.mean).all() and np.isfinite(moments.variance).all()
    return moments if finite and (moments.variance >= 0).all() else None
