"""One target on this machine: does it load, score right, run in INT8, and how fast?"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ocrgan_edge.bundle import Bundle
from ocrgan_edge.doctor.finding import Data, Finding, State
from ocrgan_edge.errors import OcrganError
from ocrgan_edge.runtime.agreement import SPEARMAN, agreement
from ocrgan_edge.runtime.open_scorer import graph_of, open_scorer, runnable_targets
from ocrgan_edge.runtime.precision import Precision, precision_of, window_feed
from ocrgan_edge.runtime.scorer import Scorer, WindowScore
from ocrgan_edge.runtime.self_test import golden_windows, self_test
from ocrgan_edge.runtime.target_timing import latencies

INT8_SHARE = 0.95
"""Of the multiply-accumulates, that ought to run in INT8."""
LESS_THAN_STATED = 0.02
"""By how much the share may be below what the bundle says: runtimes fuse differently."""
ANOTHER_ORDER = 0.9
"""Rank correlation below which it is no rounding any more."""
MOST_NAMED = 5
MOST_WINDOWS = 100_000
BUSY = 1.5
"""Processes that want to compute, per core: one per core is the doctor's own doing."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a float target says about the golden windows on this machine."""

    target: str
    scores: Sequence[WindowScore]


def float_reference(
    bundle: Bundle, threads: int, form: Literal["window", "step"] = "window"
) -> Reference | None:
    """By the bundle's best float target of a form that can run here; None if there is none."""
    entries = {name: bundle.target(name) for name in runnable_targets(bundle)}
    floats = [name for name, it in entries.items() if it.form == form and it.precision != "int8"]
    for name in sorted(floats, key=lambda name: bundle.target(name).precision != "fp32"):
        try:
            scorer = open_scorer(bundle, name, threads)
            scores = [scorer.score(window) for window in golden_windows(bundle)]
        except (OcrganError, ValueError):
            continue  # its own lines say why
        return Reference(name, scores)
    return None


class TargetExamination:
    """Looks a target over, one line after the other."""

    def __init__(self, bundle: Bundle, target: str, threads: int, seconds: float) -> None:
        """Loads nothing yet.

        Args:
            bundle: opened.
            target: one of its targets.
            threads: for one window.
            seconds: how long windows are timed.
        """
        self.milliseconds: float | None = None
        """Median of a window, once it was timed."""
        self._bundle = bundle
        self._target = target
        self._threads = threads
        self._seconds = seconds

    def findings(self, reference: Reference | None) -> Iterator[Finding]:
        """All lines; those after a failure to load are left out."""
        start = time.perf_counter()
        try:
            scorer = open_scorer(self._bundle, self._target, self._threads, check=False)
            scorer.score(golden_windows(self._bundle)[0])
        except (OcrganError, ValueError) as error:
            advice = "use another target, or export the bundle again with these versions"
            yield self._line("start_up", "failed", str(error), advice)
            return
        took = time.perf_counter() - start
        value = f"{took:.2f} s from loading to the first score, threads: {self._threads}"
        yield self._line("start_up", "ok", value, None, {"seconds": took, "threads": self._threads})
        yield self._tried("self_test", lambda: self._self_test(scorer))
        yield self._tried("precision", self._precision)
        yield self._tried("parity", lambda: self._parity(scorer, reference))
        yield self._tried("latency", lambda: self._latency(scorer))

    def _tried(self, name: str, look: Callable[[], Finding]) -> Finding:
        try:
            return look()
        except (OcrganError, ValueError) as error:
            advice = "use another target, or export the bundle again"
            return self._line(name, "failed", str(error), advice)

    def _self_test(self, scorer: Scorer) -> Finding:
        difference = self_test(self._bundle, scorer)
        windows = len(golden_windows(self._bundle))
        value = f"{windows} golden windows score as at export, within {difference:.2g}"
        data = {"windows": windows, "largest_difference": difference}
        return self._line("self_test", "ok", value, None, data)

    def _precision(self) -> Finding:
        entry = self._bundle.target(self._target)
        window = golden_windows(self._bundle)[0]
        feed = window_feed(window, self._bundle.statistics(self._target))
        if entry.precision != "int8":
            return self._line("precision", "ok", f"{entry.precision}, as it was made")
        found = precision_of(graph_of(self._bundle, self._target), feed)
        stated = entry.int8_share_of_macs
        data: Data = {
            "int8_share_of_macs": found.share,
            "stated": stated,
            "macs": found.macs,
            "float_nodes": dict(found.floats),
        }
        value = f"{found.share:.1%} of {found.macs / 1e6:.0f} M multiplications run in INT8"
        value += _in_float(found)
        if stated is not None and found.share < stated - LESS_THAN_STATED:
            advice = f"at export it was {stated:.1%}: install the runtime's newest version"
            return self._line("precision", "failed", value, advice, data)
        if found.share < INT8_SHARE:
            advice = "make the nodes named fit for INT8 when you export, or use a float target"
            return self._line("precision", "warning", value, advice, data)
        return self._line("precision", "ok", value, None, data)

    def _parity(self, scorer: Scorer, reference: Reference | None) -> Finding:
        if reference is None:
            return self._stated_parity()
        if reference.target == self._target:
            return self._line("parity", "ok", "the others are compared with this one")
        scores = [scorer.score(window) for window in golden_windows(self._bundle)]
        names = (reference.target, self._target)
        one, other = (self._bundle.target(name).calibration.threshold for name in names)
        data = agreement(reference.scores, scores, (one, other))
        order = data["spearman_frames"]
        value = f"rank correlation with {reference.target} is {order:.3f} on the golden windows"
        data_and_name: Data = {**data, "reference": reference.target}
        if order < ANOTHER_ORDER:
            advice = f"use {reference.target}, and quantize again: it takes other things for odd"
            return self._line("parity", "failed", value, advice, data_and_name)
        if order < SPEARMAN or data["alarm_agreement"] < 1:
            value += f", {data['alarm_agreement']:.0%} of the alarms are the same"
            advice = f"compare both on more recordings, or use {reference.target}"
            return self._line("parity", "warning", value, advice, data_and_name)
        return self._line("parity", "ok", value, None, data_and_name)

    def _stated_parity(self) -> Finding:
        parity = self._bundle.target(self._target).parity
        stated = parity.get("spearman_windows")
        if stated is None:
            return self._line("parity", "ok", "there is no float target to compare with")
        value = f"rank correlation with FP32 was {stated:.3f} at export"
        if stated < SPEARMAN:
            advice = f"quantize again, or use a float target: {SPEARMAN} is wanted"
            return self._line("parity", "warning", value, advice, dict(parity))
        return self._line("parity", "ok", value, None, dict(parity))

    def _latency(self, scorer: Scorer) -> Finding:
        windows = golden_windows(self._bundle)
        took = np.array(latencies(scorer, windows, self._seconds, MOST_WINDOWS)) * 1000
        p50, p95, p99 = (float(value) for value in np.percentile(took, (50, 95, 99)))
        self.milliseconds = p50
        hop = self._bundle.target(self._target).calibration.hop
        budget = 1000 * hop / self._bundle.manifest.input.frames_per_second
        data = {
            "p50_ms": p50,
            "p95_ms": p95,
            "p99_ms": p99,
            "windows": len(took),
            "threads": self._threads,
            "budget_ms": budget,
        }
        value = f"p50 {p50:.3g}, p95 {p95:.3g}, p99 {p99:.3g} ms of {len(took)} windows"
        value += f"; one camera needs one in {budget:.0f} ms"
        if p95 > budget:
            advice = when_too_slow(os.getloadavg()[0], os.cpu_count() or 1)
            return self._line("latency", "warning", value, advice, data)
        return self._line("latency", "ok", value, None, data)

    def _line(
        self,
        name: str,
        state: State,
        value: str,
        advice: str | None = None,
        data: Data | None = None,
    ) -> Finding:
        return Finding(
            about=self._target,
            name=name,
            state=state,
            value=value,
            advice=advice,
            data=data or {},
        )


def when_too_slow(load: float, cores: int) -> str:
    """What to do where windows take too long; `load` is that of the last minute (getloadavg(3))."""
    if load > BUSY * cores:
        return f"end what else computes here (load {load:.1f} on {cores} cores), and ask again"
    return "take a smaller model or a larger hop: the daemon will leave windows out"


def _in_float(found: Precision) -> str:
    """The nodes that stay in float, those with most multiplications first."""
    if not found.floats:
        return ""
    named = ", ".join(list(found.floats)[:MOST_NAMED])
    more = len(found.floats) - MOST_NAMED
    return f"; in float: {named}" + (f" and {more} more" if more > 0 else "")
