"""Measured targets → a bundle that has passed its own self-test, or none at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_calibration.renew import npz
from ocrgan_edge.bundle import Bundle, InputSpec, Manifest, Target, open_bundle, write_bundle
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scorer import TERMS
from ocrgan_export.measure import Measured
from ocrgan_training.run_info import RunInfo

GOLDEN_MEMBER = "golden.npz"


@dataclass(frozen=True)
class Label:
    """What a bundle says about itself, whatever targets it holds."""

    name: str
    spec: InputSpec
    golden: NDArray[np.uint8]
    """(N, T, H, W, 3)"""
    training: dict[str, str | int | float]


def pack(path: Path, label: Label, targets: Sequence[Measured]) -> Manifest:
    """Writes a bundle and lets each target pass its self-test before `path` is replaced.

    Raises:
        BundleError: a target would not pass; nothing was written.
    """
    unchecked = path.with_name(f".{path.name}.unchecked")
    try:
        write_bundle(unchecked, _manifest(label, targets), _members(label, targets))
        bundle = open_bundle(unchecked)
        for target in targets:
            open_scorer(bundle, target.graph.target)
        unchecked.replace(path)
    finally:
        unchecked.unlink(missing_ok=True)
    return bundle.manifest


def label_of(bundle: Bundle) -> Label:
    """The label of a bundle that gets more targets, or fewer."""
    manifest = bundle.manifest
    golden = bundle.arrays(manifest.golden)["frames"].astype(np.uint8)
    return Label(manifest.name, manifest.input, golden, manifest.training)


def provenance(info: RunInfo) -> dict[str, str | int | float]:
    """Where a network comes from, without the names of anybody's folders."""
    network = info.network
    return {
        "data": Path(info.data).name,
        "clips": len(info.clips),
        "held_out": len(info.held_out),
        "commit": info.commit or "unknown",
        "seed": info.seed,
        "minutes": round(info.seconds / 60, 2),
        "steps": info.step,
        "windows": info.windows_seen,
        "parameters": info.parameters,
        "base_width": network.base_width,
        "temporal": "causal" if network.causal else network.temporal,
        "patches": network.patches,
        "hidden_frames": network.hidden_frames,
        "recent": network.recent,
        "torch": info.versions.get("torch", "unknown"),
    }


def _manifest(label: Label, targets: Sequence[Measured]) -> Manifest:
    return Manifest(
        name=label.name,
        created=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        input=label.spec,
        terms=TERMS,
        targets={measured.graph.target: _target(measured) for measured in targets},
        golden=GOLDEN_MEMBER,
        training=label.training,
        members={},
    )


def _target(measured: Measured) -> Target:
    graph = measured.graph
    return Target(
        runtime=graph.runtime,
        precision=graph.precision,
        form=graph.form,
        graph=f"graphs/{graph.target}.{'onnx' if graph.runtime == 'onnx' else 'xml'}",
        statistics=f"statistics/{graph.target}.npz",
        calibration=measured.calibration,
        int8_share_of_macs=measured.int8_share,
        kept_in_float=measured.kept,
        finetuned_steps=measured.finetuned,
        parity=measured.parity,
    )


def _members(label: Label, targets: Sequence[Measured]) -> dict[str, bytes]:
    scores = {f"score/{measured.graph.target}": measured.golden for measured in targets}
    members = {GOLDEN_MEMBER: npz({"frames": label.golden, **scores})}
    for measured in targets:
        graph, statistics = measured.graph, measured.statistics
        members[_target(measured).graph] = graph.model
        if graph.weights:
            members[f"graphs/{graph.target}.bin"] = graph.weights
        members[f"statistics/{graph.target}.npz"] = npz(
            {"mean": statistics.mean, "scale": statistics.scale}
        )
    return members
