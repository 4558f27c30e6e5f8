"""From a bundle to a scorer that has passed its self-test."""

from __future__ import annotations

import importlib.util
import platform
from pathlib import PurePosixPath
from typing import Literal

from ocrgan_edge.bundle import Bundle, InputSpec, Target
from ocrgan_edge.errors import BundleError, SettingsError
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.lean_memory import give_back, import_openvino
from ocrgan_edge.runtime.no_telemetry import forbid_telemetry
from ocrgan_edge.runtime.scorer import LocationStatistics, Scorer
from ocrgan_edge.runtime.self_test import self_test
from ocrgan_edge.runtime.step_scorer import Contract

FASTEST_FIRST = {
    "x86": ("openvino int8", "onnx int8", "openvino fp16", "openvino fp32", "onnx fp32"),
    # OpenVINO runs INT8 graphs mostly in FP16 on ARM.
    "arm": ("onnx int8", "openvino fp16", "openvino int8", "openvino fp32", "onnx fp32"),
}
WantedForm = Literal["auto", "window", "step"]
"""Graphs of windows, graphs that step, or (`auto`) the latter where a bundle has them."""
INSTALL_OPENVINO = "pip install 'ocrgan-edge[openvino]'"


def open_scorer(
    bundle: Bundle, target: str | None = None, threads: int | None = None, *, check: bool = True
) -> Scorer:
    """Loads one graph of a bundle and runs its golden windows.

    Args:
        bundle: opened and checked.
        target: which graph; `default_target(bundle)` if not given.
        threads: processors for one window; those of the machine, at most 4, if not given.
        check: whether to run the self-test; only the bundle's maker has a reason not to.

    Raises:
        BundleError: the graph is not what manifest and statistics say, or fails the self-test.
        SettingsError: the target needs OpenVINO, which is not installed; or `threads` is below 1.
    """
    name = target or default_target(bundle)
    if threads is not None and threads < 1:
        raise SettingsError(f"threads must be at least 1, not {threads}")
    graph = graph_of(bundle, name)
    scorer = load_scorer(graph, bundle.manifest.input, bundle.statistics(name), threads)
    if check:
        self_test(bundle, scorer)
    give_back()
    return scorer


def load_scorer(
    graph: Graph, spec: InputSpec, statistics: LocationStatistics, threads: int | None = None
) -> Scorer:
    """Loads a graph with the runtime it is made for, without a self-test.

    Raises:
        BundleError: the graph cannot be loaded or does not follow the contract.
        SettingsError: it needs OpenVINO, which is not installed.
    """
    forbid_telemetry()
    contract = Contract(graph.target, spec, statistics.mean.shape)
    if graph.runtime == "onnx":
        from ocrgan_edge.runtime.onnx_scorer import OnnxScorer
        from ocrgan_edge.runtime.onnx_step_scorer import LoadedSession, OnnxStepScorer

        if graph.form == "step":
            return OnnxStepScorer(LoadedSession(graph, contract, threads), spec, statistics)
        return OnnxScorer(graph, spec, statistics, threads)
    try:
        import_openvino()
        from ocrgan_edge.runtime.openvino_scorer import OpenVinoScorer  # an extra
        from ocrgan_edge.runtime.openvino_step_scorer import CompiledGraph, OpenVinoStepScorer
    except ImportError as error:
        raise SettingsError(
            f"target {graph.target} needs OpenVINO, which cannot be imported ({error}): "
            f"{INSTALL_OPENVINO}"
        ) from error
    if graph.form == "step":
        return OpenVinoStepScorer(CompiledGraph(graph, contract, threads), spec, statistics)
    return OpenVinoScorer(graph, spec, statistics, threads)


def graph_of(bundle: Bundle, target: str) -> Graph:
    """One target's graph.

    Raises:
        BundleError: the bundle has no such target, or a member of it is missing.
    """
    entry = bundle.target(target)
    model = bundle.member(entry.graph)
    weights = b""
    if entry.runtime == "openvino":
        weights = bundle.member(str(PurePosixPath(entry.graph).with_suffix(".bin")))
    return Graph(target, entry.runtime, entry.precision, model, weights, entry.form)


def refuse_other_form(bundle: Bundle, target: str, form: WantedForm) -> None:
    """Raises SettingsError where a target is not of the form that is wanted."""
    found = bundle.target(target).form
    if form not in ("auto", found):
        raise SettingsError(f"form is {form!r}, but target {target!r} is of form {found!r}")


def default_target(bundle: Bundle) -> str:
    """The target that is usually the fastest on this kind of processor, and can run here.

    Raises:
        BundleError: none can.
    """
    return runnable_targets(bundle)[0]


def runnable_targets(bundle: Bundle, form: WantedForm = "auto") -> list[str]:
    """Targets whose runtime is installed: those that step first, then as is usually the fastest.

    Raises:
        BundleError: there is none.
        SettingsError: the bundle has none of this form.
    """
    forms = sorted({entry.form for entry in bundle.manifest.targets.values()})
    if form not in ("auto", *forms):
        raise SettingsError(
            f"form is {form!r}, but bundle {bundle.path} has graphs of form {' and '.join(forms)}"
        )
    order = FASTEST_FIRST["arm" if platform.machine() in ("aarch64", "armv7l") else "x86"]
    usable = {
        name: (entry.form != "step", order.index(kind))
        for name, entry in bundle.manifest.targets.items()
        if form in ("auto", entry.form)
        and (kind := _kind(entry)) in order
        and (entry.runtime == "onnx" or _openvino_is_installed())
    }
    if not usable:
        have = ", ".join(sorted(bundle.manifest.targets)) or "none"
        raise BundleError(
            f"bundle {bundle.path} has no target for what is installed here (it has {have}): "
            f"{INSTALL_OPENVINO}"
        )
    return sorted(usable, key=lambda name: (usable[name], name))


def _kind(entry: Target) -> str:
    return f"{entry.runtime} {entry.precision}"


def _openvino_is_installed() -> bool:
    try:
        return importlib.util.find_spec("openvino") is not None
    except (ImportError, ValueError):
        return False
