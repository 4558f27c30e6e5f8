"""The bundle on this machine: is it whole, which of its targets can run, which would be used?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocrgan_edge.bundle import Bundle, open_bundle
from ocrgan_edge.doctor.finding import Data, Finding, State
from ocrgan_edge.doctor.target import TargetExamination, float_reference
from ocrgan_edge.errors import BundleError, SettingsError
from ocrgan_edge.runtime.choose_target import Choice, by_kind, candidates, fastest, shown
from ocrgan_edge.runtime.open_scorer import INSTALL_OPENVINO, WantedForm, runnable_targets
from ocrgan_edge.runtime.timing_memory import circumstances, recall

ALL = "all"
MUCH = 0.8
"""Share of the chosen target's time below which another is worth a warning."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is wanted of a bundle."""

    path: Path
    target: str = ALL
    """One target, or all that can run here."""
    seconds: float = 3.0
    """How long each target is timed."""
    threads: int = 1
    """For one window."""
    state_folder: Path | None = None
    """Where the daemon remembers which target is the fastest."""
    form: WantedForm = "auto"
    """What the daemon is to choose among."""


def check_bundle(question: Question) -> Iterator[Finding]:
    """The bundle's content, each target, and the daemon's choice, as each becomes known.

    Raises:
        SettingsError: the bundle has no such target.
    """
    try:
        bundle = open_bundle(question.path)
        names = _asked(bundle, question.target)
    except BundleError as error:
        advice = "copy or export the bundle again, and install what its targets need"
        yield _finding("content", "failed", str(error), advice)
        return
    yield _content(bundle)
    milliseconds: dict[str, float] = {}
    forms = {bundle.target(name).form for name in names}
    references = {form: float_reference(bundle, question.threads, form) for form in forms}
    for name in names:
        target = TargetExamination(bundle, name, question.threads, question.seconds)
        yield from target.findings(references[bundle.target(name).form])
        if target.milliseconds is not None:
            milliseconds[name] = target.milliseconds
    if question.target == ALL:
        yield _choice(bundle, question, milliseconds)


def _asked(bundle: Bundle, target: str) -> list[str]:
    if target not in (ALL, *bundle.manifest.targets):
        have = ", ".join(sorted(bundle.manifest.targets))
        raise SettingsError(f"--target is {target!r}, but must be all or one of {have}")
    runnable = runnable_targets(bundle)
    return runnable if target == ALL else [target]


def _content(bundle: Bundle) -> Finding:
    """Its name and input; and which targets cannot run here."""
    manifest, spec = bundle.manifest, bundle.manifest.input
    names = sorted(manifest.targets)
    missing = sorted(set(names) - set(runnable_targets(bundle)))
    value = (
        f"{manifest.name} ({bundle.sha256[:12]}) is whole: {spec.frames} frames of "
        f"{spec.width}x{spec.height} at {spec.frames_per_second:g}/s, {', '.join(names)}"
    )
    data: Data = {
        "name": manifest.name,
        "sha256": bundle.sha256,
        "targets": names,
        "not_runnable": missing,
    }
    if missing:
        advice = f"{INSTALL_OPENVINO}, if you want to use {', '.join(missing)}"
        return _finding("content", "warning", value, advice, data)
    return _finding("content", "ok", value, None, data)


def _choice(bundle: Bundle, question: Question, measured: Mapping[str, float]) -> Finding:
    """The target that the daemon would use, and why; nothing is remembered by looking."""
    try:
        names = candidates(bundle, question.form)
    except SettingsError as error:
        return _finding("choice", "failed", str(error), "set form = 'auto', or take another bundle")
    measured = {name: measured[name] for name in names if name in measured}
    choice = _chosen(bundle, names, question, measured)
    value = f"the daemon would use {choice.target}: {choice.reason}"
    data: Data = {"target": choice.target, "milliseconds": dict(choice.milliseconds)}
    quickest = min(measured, key=lambda name: measured[name], default=choice.target)
    chosen = measured.get(choice.target)
    if chosen is not None and measured[quickest] < MUCH * chosen:
        advice = (
            f"set target = '{quickest}', or a state_folder so that the daemon measures: "
            f"now it is {shown(measured)}"
        )
        return _finding("choice", "warning", value, advice, data)
    return _finding("choice", "ok", value, None, data)


def _chosen(
    bundle: Bundle, names: Sequence[str], question: Question, measured: Mapping[str, float]
) -> Choice:
    if question.state_folder is None or len(names) == 1:
        return by_kind(names)
    key = circumstances(bundle.sha256, question.threads)
    known = recall(question.state_folder, key)
    if known is not None and known.keys() & set(names):
        return fastest(names, known, "was measured on this machine before")
    return fastest(names, measured, "is what its first start will find about so")


def _finding(
    name: str, state: State, value: str, advice: str | None, data: Data | None = None
) -> Finding:
    return Finding(
        about="bundle", name=name, state=state, value=value, advice=advice, data=data or {}
    )
