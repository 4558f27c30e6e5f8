"""A bundle with other statistics and thresholds: same graphs, same golden windows, new scores."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_calibration.calibrate import NormalClips, Plan, Told, calibrate
from ocrgan_edge.bundle import Bundle, Calibration, Manifest, Target, write_bundle
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.scorer import LocationStatistics, Scorer
from ocrgan_edge.runtime.self_test import golden_scores


@dataclass(frozen=True, eq=False)
class Renewal:
    """What calibration found for one target."""

    calibration: Calibration
    golden: NDArray[np.float32]
    """(N,), scores of the bundle's golden windows under the statistics that hold now."""
    statistics: LocationStatistics | None
    """None where the bundle's own were kept."""


def renew(
    bundle: Bundle,
    scorer: Scorer,
    clips: NormalClips,
    plan: Plan,
    told: Told = lambda name: None,
) -> Renewal:
    """Calibrates one of a bundle's targets again.

    Args:
        bundle: opened and checked.
        scorer: of the target; has passed its self-test.
        clips: of normal life; none for statistics keeps those of the bundle.
        plan: hop, wished rate and input.
        told: for progress.

    Raises:
        DataError: the clips are too few or too short.
        BundleError: the bundle has no golden windows.
    """
    kept = None if clips.statistics else bundle.statistics(scorer.target)
    statistics, calibration = calibrate(scorer, clips, plan, kept, told)
    golden = bundle.arrays(bundle.manifest.golden)
    if "frames" not in golden:
        raise BundleError(f"bundle {bundle.path}: {bundle.manifest.golden} has no golden windows")
    return Renewal(
        calibration=calibration,
        golden=golden_scores(scorer, golden["frames"].astype(np.uint8, copy=False)),
        statistics=statistics if kept is None else None,
    )


def write_renewed(bundle: Bundle, renewals: Mapping[str, Renewal], path: Path) -> Manifest:
    """Writes the bundle with new constants for some of its targets, whole or not at all.

    Where the statistics are new, what was measured under the old ones (parity with the reference,
    tolerance of golden scores) no longer holds and is left out.

    Args:
        bundle: as it is now.
        renewals: by target.
        path: where to; may be the bundle's own.
    """
    old = bundle.manifest
    targets = dict(old.targets)
    members = {name: bundle.member(name) for name in old.members}
    golden = bundle.arrays(old.golden)
    for name, renewal in renewals.items():
        targets[name] = _renewed(name, targets[name], renewal)
        golden[f"score/{name}"] = renewal.golden
        if (new := renewal.statistics) is not None:
            members[targets[name].statistics] = npz({"mean": new.mean, "scale": new.scale})
    members[old.golden] = npz(golden)
    used = {target.statistics for target in targets.values()}
    for unused in {target.statistics for target in old.targets.values()} - used:
        del members[unused]
    manifest = old.model_copy(update={"targets": targets})
    write_bundle(path, manifest, members)
    return manifest


def npz(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Arrays as the bytes of an `.npz` member."""
    data = io.BytesIO()
    np.savez_compressed(data, allow_pickle=False, **arrays)
    return data.getvalue()


def _renewed(name: str, target: Target, renewal: Renewal) -> Target:
    if renewal.statistics is None:
        return target.model_copy(update={"calibration": renewal.calibration})
    return target.model_copy(
        update={
            "calibration": renewal.calibration,
            "statistics": f"statistics/{name}.npz",
            "parity": {},
            "golden_tolerance": None,
        }
    )
