"""Which of a bundle's targets a machine uses: the fastest, as measured once and remembered."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ocrgan_edge.bundle import Bundle
from ocrgan_edge.runtime.open_scorer import WantedForm, runnable_targets
from ocrgan_edge.runtime.target_timing import time_target
from ocrgan_edge.runtime.timing_memory import Timing, circumstances, recall, remember

CLEARLY = 0.9
"""Share of the usually fastest target's time that another must stay below to be taken instead.

What a camera has learned holds for one target only, so that chance must not choose.
"""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """The target to use."""

    target: str
    reason: str
    """For a person to read; goes on after "because"."""
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    """Median of a window by target, where that was measured."""


def choose_target(
    bundle: Bundle, threads: int, folder: Path | None, form: WantedForm = "auto"
) -> Choice:
    """The target that is fastest on this machine, among the `candidates`.

    Measures for about a second per target where nothing is known yet.

    Args:
        bundle: opened and checked.
        threads: processors for one window.
        folder: where what was measured is kept; None: nothing is measured, the kind of processor
            decides alone.
        form: of the graphs to choose among.

    Raises:
        BundleError: nothing can run here.
        SettingsError: the bundle has no graph of this form.
    """
    names = candidates(bundle, form)
    if len(names) == 1:
        return Choice(names[0], "nothing else of the bundle can run here")
    if folder is None:
        return by_kind(names)
    key = circumstances(bundle.sha256, threads)
    known = recall(folder, key)
    if known is not None and (not known or known.keys() & set(names)):
        return fastest(names, known, "was measured on this machine before")
    found, all_known = _time(bundle, names, threads)
    if all_known:  # the other form's times stay
        remember(folder, Timing(circumstances=key, milliseconds={**(known or {}), **found}))
    return fastest(names, found, "was measured on this machine now")


def candidates(bundle: Bundle, form: WantedForm = "auto") -> list[str]:
    """What is chosen among: targets of one form that can run here, the usually fastest first.

    Where a bundle has graphs that step, only these unless windows are asked for: they score every
    frame for the price of one, and times of a frame and of a window do not compare.

    Raises:
        BundleError: nothing can run here.
        SettingsError: the bundle has no graph of this form.
    """
    names = runnable_targets(bundle, form)
    of_first = bundle.target(names[0]).form
    return [name for name in names if bundle.target(name).form == of_first]


def _time(bundle: Bundle, names: Sequence[str], threads: int) -> tuple[dict[str, float], bool]:
    """Medians of those that can be used, and whether it is known of all whether they can."""
    found: dict[str, float] = {}
    all_known = True
    for name in names:
        try:
            milliseconds = time_target(bundle, name, threads)
        except (OSError, ValueError) as error:
            _log.warning("%s; the next start tries it again", error)
            all_known = False
        else:
            if milliseconds is not None:
                found[name] = milliseconds
    return found, all_known


def by_kind(names: Sequence[str]) -> Choice:
    """The first of those that can run here."""
    return Choice(names[0], "it is usually the fastest on this kind of processor (not measured)")


def fastest(names: Sequence[str], milliseconds: Mapping[str, float], how: str) -> Choice:
    """The one that took least, or that is usually the fastest if the others are hardly faster.

    Args:
        names: those that can run here, the usually fastest first.
        milliseconds: those that were measured.
        how: the end of the reason.
    """
    measured = {name: milliseconds[name] for name in names if name in milliseconds}
    if not measured:
        return by_kind(names)
    usual = next(iter(measured))
    best = min(measured, key=lambda name: measured[name])
    if measured[best] > CLEARLY * measured[usual]:
        best = usual
    return Choice(best, f"{shown(measured)}, which {how}", measured)


def shown(milliseconds: Mapping[str, float]) -> str:
    """Times for a person to read, the shortest first."""
    ordered = sorted(milliseconds.items(), key=lambda item: item[1])
    return ", ".join(f"{name} {value:.3g} ms" for name, value in ordered)
