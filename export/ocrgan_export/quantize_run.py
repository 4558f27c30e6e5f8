"""`ocrgan-quantize`: INT8 graphs of a run, measured against FP32 and added to its bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from ocrgan_calibration.calibrate import Plan
from ocrgan_edge.bundle import Bundle, open_bundle
from ocrgan_edge.detection.threshold import Wish
from ocrgan_edge.errors import BundleError, SettingsError
from ocrgan_edge.runtime.agreement import agreement
from ocrgan_edge.runtime.precision import precision_of
from ocrgan_edge.runtime.scorer import WindowScore
from ocrgan_export.export_run import REFERENCE, Outcome, Step, clip_count, with_parity
from ocrgan_export.gates import Check, int8_checks
from ocrgan_export.measure import Material, Measured, from_bundle, gather, measure, rescore
from ocrgan_export.pack import label_of, pack
from ocrgan_export.quantize import feed_of, quantize_onnx, quantize_openvino
from ocrgan_export.run_folder import KINDS, RunFolder, is_newer, load_graph, open_run, save_graph
from ocrgan_export.windows import Window, sample_windows

INT8_TARGETS = tuple(name for name, kind in KINDS.items() if kind[1] == "int8")


@dataclass(frozen=True)
class QuantizeOptions:
    """What `ocrgan-quantize` is asked for."""

    run: Path
    data: Path | None = None
    name: str | None = None
    targets: Sequence[str] = INT8_TARGETS
    windows: int = 300
    """Normal windows that INT8 ranges are read from."""
    only_targets: Sequence[str] = ()
    """What the small bundle holds, if one is wanted."""
    out: Path | None = None
    """Where the small bundle goes."""
    threads: int | None = None
    strict: bool = False
    force: bool = False


def quantize_run(options: QuantizeOptions, step: Step) -> Outcome:
    """Makes the INT8 graphs that are missing or older than the FP32 graph.

    Raises:
        SettingsError: a target is not known, or the small bundle has no place to go.
        DataError: the run or its clips are not there, or it was not exported yet.
        BundleError: a graph fails its self-test, or a goal where the user is strict.
    """
    _check_options(options)
    run = open_run(options.run)
    path = run.bundle(options.name)
    bundle = _float_bundle(path)
    outcome = _current(run, bundle, options) or _add(run, bundle, options, step)
    if options.out:
        kept = open_bundle(path)
        targets = [from_bundle(kept, name) for name in options.only_targets]
        manifest = pack(options.out, label_of(kept), targets)
        return Outcome(options.out, manifest, outcome.checks, outcome.fresh)
    return outcome


def _add(run: RunFolder, bundle: Bundle, options: QuantizeOptions, step: Step) -> Outcome:
    """Quantizes, measures, compares, packs."""
    clips = run.clips(options.data)
    data = options.data or Path(run.info.data)
    material = gather(clips, data, _plan(run, bundle), run.grid, options.threads)
    model = onnx.load_from_string(load_graph(run, REFERENCE).model)
    _make_missing(run, model, material, options, step)
    measured = {name: from_bundle(bundle, name) for name in bundle.manifest.targets}
    reference = rescore(measured[REFERENCE], material)
    checks: list[Check] = []
    for target in options.targets:
        done = step(target, clip_count(clips))
        found, scores = measure(load_graph(run, target), material, done)
        precision = precision_of(found.graph, feed_of(model, material.golden[0]))
        compared = _compared(measured[REFERENCE], reference, found, scores)
        measured[target] = with_parity(found, compared, precision.share)
        checks += int8_checks(target, compared, precision.share, _most(precision.floats))
    _refuse_if_strict(options, checks)
    ordered = [measured[name] for name in KINDS if name in measured]
    path = bundle.path
    return Outcome(path, pack(path, label_of(bundle), ordered), checks)


def _make_missing(
    run: RunFolder,
    model: onnx.ModelProto,
    material: Material,
    options: QuantizeOptions,
    step: Step,
) -> None:
    source = run.graph_files(REFERENCE)
    missing = [
        target
        for target in options.targets
        if options.force or not is_newer(run.graph_files(target), source)
    ]
    windows: list[Window] = []
    for target in missing:
        windows = windows or sample_windows(
            material.clips.statistics, material.spec, options.windows
        )
        done = step(f"ranges of {target}", len(windows))
        make = quantize_onnx if target.startswith("onnx") else quantize_openvino
        save_graph(run, target, make(model, windows, done))


def _compared(
    one: Measured, reference: list[WindowScore], other: Measured, scores: list[WindowScore]
) -> dict[str, float]:
    return agreement(reference, scores, (one.calibration.threshold, other.calibration.threshold))


def _plan(run: RunFolder, bundle: Bundle) -> Plan:
    """The same hop and wish as the float targets have."""
    calibration = bundle.target(REFERENCE).calibration
    wish = Wish(false_alarms_per_day=calibration.false_alarms_per_day)
    return Plan(run.spec, calibration.hop, wish, run.info.network.recent)


def _current(run: RunFolder, bundle: Bundle, options: QuantizeOptions) -> Outcome | None:
    """The bundle as it is, if it has all that is asked for."""
    made = [file for target in options.targets for file in run.graph_files(target)]
    if options.force or not is_newer(made, run.graph_files(REFERENCE)):
        return None
    if not is_newer([bundle.path], made) or not set(options.targets) <= set(
        bundle.manifest.targets
    ):
        return None
    return Outcome(bundle.path, bundle.manifest, fresh=False)


def _float_bundle(path: Path) -> Bundle:
    if not path.exists():
        raise BundleError(f"there is no bundle at {path}: call ocrgan-export first")
    bundle = open_bundle(path)
    bundle.target(REFERENCE)
    return bundle


def _check_options(options: QuantizeOptions) -> None:
    for name in options.targets:
        if name not in INT8_TARGETS:
            raise SettingsError(f"{name!r} is no INT8 target, wanted {', '.join(INT8_TARGETS)}")
    for name in options.only_targets:
        if name not in KINDS:
            raise SettingsError(f"{name!r} is no target, wanted some of {', '.join(KINDS)}")
    if bool(options.only_targets) != bool(options.out):
        raise SettingsError("--only-targets and --out FILE go together: what, and where to")
    if options.windows < 1:
        raise SettingsError(f"--windows is {options.windows}, but must be at least 1")


def _refuse_if_strict(options: QuantizeOptions, checks: Sequence[Check]) -> None:
    missed = [str(check) for check in checks if not check.passed]
    if options.strict and missed:
        raise BundleError(f"--strict: {'; '.join(missed)}")


def _most(floats: Mapping[str, int]) -> str:
    """The nodes that stay in float with the most multiplications, for a message."""
    return "in float: " + ", ".join(list(floats)[:5])
