"""`ocrgan-export`: a training's network → float graphs, measured and packed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import onnx

from ocrgan_calibration.calibrate import NormalClips, Plan
from ocrgan_edge.bundle import Manifest, open_bundle
from ocrgan_edge.detection.threshold import Wish
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.agreement import agreement
from ocrgan_export.gates import (
    HALF_TOLERANCE,
    ONNX_TOLERANCE,
    Check,
    term_difference,
    torch_difference,
)
from ocrgan_export.measure import (
    SAMPLED,
    Material,
    Measured,
    gather,
    measure,
    measure_by,
    neutral_scores,
    reference_of,
)
from ocrgan_export.pack import Label, pack, provenance
from ocrgan_export.run_folder import RunFolder, is_newer, load_graph, open_run, save_graph
from ocrgan_export.to_onnx import to_onnx
from ocrgan_export.to_openvino import to_openvino
from ocrgan_export.windows import sample_windows
from ocrgan_training.checkpoint import load_network
from ocrgan_training.fused_graph import ScoringGraph
from ocrgan_training.graph_of import graph_of

REFERENCE, HALF = FLOAT_TARGETS = ("onnx-fp32", "openvino-fp16")
"""The first is what every other target is compared with."""

HOP = 4
"""New frames between two windows, if nothing else is said."""

Step = Callable[[str, int], Callable[[], None]]
"""Begins a step of so many parts; gives what is to be called after each part."""


@dataclass(frozen=True)
class ExportOptions:
    """What `ocrgan-export` is asked for."""

    run: Path
    data: Path | None = None
    """Normal clips, if not those of the training."""
    name: str | None = None
    """Of the bundle, if not that of the run's folder."""
    hop: int | None = None
    """New frames between two scores; None: 4 for windows, 1 where every frame is a step."""
    wish: Wish = field(default_factory=Wish)
    threads: int | None = None
    force: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a command has made."""

    bundle: Path
    manifest: Manifest
    checks: list[Check] = field(default_factory=list)
    fresh: bool = True
    """False: everything was there already."""


def export_run(options: ExportOptions, step: Step) -> Outcome:
    """Makes what is missing or older than the checkpoint.

    Raises:
        DataError: the run or its clips are not there.
        BundleError: a graph does not say what PyTorch says, or fails its self-test.
    """
    run = open_run(options.run)
    clips = run.clips(options.data)
    path = run.bundle(options.name)
    hop = options.hop or (1 if run.info.network.causal else HOP)
    made = [file for target in FLOAT_TARGETS for file in run.graph_files(target)]
    current = not options.force and is_newer(made, [run.checkpoint])
    asked = (hop, options.wish.false_alarms_per_day, clips.source)
    if current and is_newer([path], made) and _is_as_asked(path, asked):
        return Outcome(path, open_bundle(path).manifest, fresh=False)
    network, info = load_network(run.path)
    graph = graph_of(network)
    if not current:
        make_graphs(run, graph, step)
    plan = Plan(run.spec, hop, options.wish, graph.recent)
    material = gather(clips, run.pseudo, plan, graph.grid, options.threads)
    checks = check_floats(run, graph, material)
    targets = measure_floats(run, material, checks, step)
    label = Label(options.name or run.name, run.spec, material.golden, provenance(info))
    return Outcome(path, pack(path, label, targets), checks)


def make_graphs(run: RunFolder, graph: ScoringGraph, step: Step) -> None:
    """RUN/graphs: ONNX FP32 and OpenVINO FP16."""
    done = step("graphs", 2)
    model: onnx.ModelProto = to_onnx(graph)
    save_graph(run, "onnx-fp32", model)
    done()
    save_graph(run, "openvino-fp16", to_openvino(model))
    done()


def check_floats(run: RunFolder, graph: ScoringGraph, material: Material) -> list[Check]:
    """The ONNX graph against PyTorch, and OpenVINO's against it, on the golden windows.

    Raises:
        BundleError: they differ by more than the tolerance.
    """
    windows = list(material.golden)
    first, second = (
        neutral_scores(load_graph(run, target), run.spec, material.grid, windows, material.threads)
        for target in FLOAT_TARGETS
    )
    off, half_off = torch_difference(graph, windows, first), term_difference(second, first)
    what = "largest difference to PyTorch", "largest difference of a term to ONNX"
    checks = [
        Check(REFERENCE, what[0], off, ONNX_TOLERANCE, "at most", required=True),
        Check(HALF, what[1], half_off, HALF_TOLERANCE, "at most", required=True),
    ]
    for check in checks:
        if not check.passed:
            raise BundleError(f"the export is wrong: {check}")
    return checks


def measure_floats(
    run: RunFolder, material: Material, checks: Sequence[Check], step: Step
) -> list[Measured]:
    """Statistics and thresholds of ONNX FP32, and of OpenVINO FP16 by what it differs by."""
    done = step(REFERENCE, clip_count(material.clips))
    first, scores = measure(load_graph(run, REFERENCE), material, done)
    done = step(HALF, 1)
    sample = sample_windows(material.clips.statistics, run.spec, SAMPLED)
    reference = reference_of(first, material, sample, scores)
    second, others = measure_by(reference, load_graph(run, HALF), material, done)
    thresholds = (first.calibration.threshold, second.calibration.threshold)
    off, half_off = (check.value for check in checks)
    parity = agreement(scores, others, thresholds)
    return [
        with_parity(first, {"torch_difference": off}),
        with_parity(second, parity | {"term_difference": half_off}),
    ]


def with_parity(
    measured: Measured, parity: dict[str, float], int8_share: float | None = None
) -> Measured:
    """The same target with what comparing it has shown."""
    return Measured(
        measured.graph,
        measured.statistics,
        measured.calibration,
        measured.golden,
        parity,
        int8_share,
    )


def clip_count(clips: NormalClips) -> int:
    """Clips that calibration goes through."""
    return len(clips.statistics) + len(clips.threshold)


def _is_as_asked(path: Path, asked: tuple[int, float, str]) -> bool:
    """Whether a bundle's float targets were calibrated for this hop and wish on these clips."""
    try:
        targets = open_bundle(path).manifest.targets
        found = [targets[name].calibration for name in FLOAT_TARGETS]
    except (BundleError, KeyError):
        return False
    return all((one.hop, one.false_alarms_per_day, one.source) == asked for one in found)
