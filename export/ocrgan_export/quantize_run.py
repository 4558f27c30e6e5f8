"""`ocrgan-quantize`: INT8 graphs of a run, measured against FP32 and added to its bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ocrgan_calibration.calibrate import Plan
from ocrgan_edge.bundle import Bundle, open_bundle
from ocrgan_edge.detection.threshold import Wish
from ocrgan_edge.errors import BundleError, SettingsError
from ocrgan_export.export_run import REFERENCE, Outcome, Step
from ocrgan_export.finetune_job import Trial
from ocrgan_export.gates import GOALS_OF, Check, broken_checks, parity_checks, share_check
from ocrgan_export.measure import from_bundle, gather
from ocrgan_export.pack import label_of, pack
from ocrgan_export.quantize_job import Job
from ocrgan_export.quantize_target import Wanted, make_target
from ocrgan_export.run_folder import KINDS, RunFolder, is_newer, open_run
from ocrgan_export.sensitivity import LayerError

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
    wanted: Wanted = Wanted()
    """How a target may be made."""
    sensitivity: bool = False
    """Whether to measure each layer's error even where nobody has to know."""
    strict: bool = False


@dataclass(frozen=True)
class Quantized(Outcome):
    """What `ocrgan-quantize` has made."""

    layers: list[LayerError] = field(default_factory=list)
    """Each layer's error, the worst first; empty where nobody had to ask."""
    trials: list[Trial] = field(default_factory=list)
    """What fine-tuning did for each target, where it was asked for."""


def quantize_run(options: QuantizeOptions, step: Step) -> Quantized:
    """Makes the INT8 graphs that are missing or older than the FP32 graph.

    Raises:
        SettingsError: a target is not known, or the small bundle has no place to go.
        DataError: the run or its clips are not there, or it was not exported yet.
        BundleError: a graph fails its self-test, or a goal where the user is strict, or ranks so
            differently from FP32 that it was left out; the other targets are then in the bundle.
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
        return replace(outcome, bundle=options.out, manifest=manifest)
    return outcome


def _add(run: RunFolder, bundle: Bundle, options: QuantizeOptions, step: Step) -> Quantized:
    """Quantizes, measures, compares, packs."""
    clips = run.clips(options.data)
    material = gather(clips, run.pseudo, _plan(run, bundle), run.grid, options.threads)
    job = Job(run, bundle, material, options.windows, step)
    measured = {name: from_bundle(bundle, name) for name in bundle.manifest.targets}
    checks: list[Check] = []
    trials: list[Trial] = []
    layers: list[LayerError] = []
    broken: list[Check] = []
    for target in options.targets:
        made = make_target(job, target, options.wanted)
        measured[target] = made.judged.measured
        broken += broken_checks(target, made.judged.measured.parity)
        checks += [*made.judged.parity, made.judged.share]
        trials += [made.trial] if made.trial else []
        layers = made.errors or layers
    _refuse_if_strict(options, checks)
    refused = {check.target for check in broken}
    ordered = [measured[name] for name in KINDS if name in measured.keys() - refused]
    manifest = pack(bundle.path, label_of(bundle), ordered)
    if broken:
        raise BundleError(
            f"{bundle.path.name} is left without {' and '.join(sorted(refused))}: "
            f"{'; '.join(map(str, broken))}. Its other targets are as they were"
        )
    if options.sensitivity and not layers:
        layers = job.errors
    return Quantized(bundle.path, manifest, checks, layers=layers, trials=trials)


def _plan(run: RunFolder, bundle: Bundle) -> Plan:
    """The same hop and wish as the float targets have."""
    calibration = bundle.target(REFERENCE).calibration
    wish = Wish(false_alarms_per_day=calibration.false_alarms_per_day)
    return Plan(run.spec, calibration.hop, wish, run.info.network.recent)


def _current(run: RunFolder, bundle: Bundle, options: QuantizeOptions) -> Quantized | None:
    """The bundle as it is, if it has all that is asked for."""
    made = [file for target in options.targets for file in run.graph_files(target)]
    wanted = options.wanted
    if wanted.force or wanted.finetune or options.sensitivity:
        return None
    if not is_newer(made, run.graph_files(REFERENCE)):
        return None
    if not is_newer([bundle.path], made) or not set(options.targets) <= set(
        bundle.manifest.targets
    ):
        return None
    if options.strict:
        entries = [(name, bundle.target(name)) for name in options.targets]
        if not all(entry.parity.keys() >= GOALS_OF for _, entry in entries):
            return None  # calibrated since: how far it is from FP32 is not known any more
        checks = [check for name, entry in entries for check in parity_checks(name, entry.parity)]
        checks += [
            share_check(name, entry.int8_share_of_macs or 0.0, "") for name, entry in entries
        ]
        _refuse_if_strict(options, checks)
    return Quantized(bundle.path, bundle.manifest, fresh=False)


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
