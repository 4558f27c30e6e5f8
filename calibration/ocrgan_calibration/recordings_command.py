"""`ocrgan-calibrate --data`: statistics and thresholds of a bundle again, from recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from ocrgan_calibration.calibrate import NormalClips, Plan, normal_clips
from ocrgan_calibration.renew import Renewal, renew, write_renewed
from ocrgan_calibration.report import print_renewals
from ocrgan_edge.bundle import Bundle, open_bundle
from ocrgan_edge.detection.explain import recent_frames
from ocrgan_edge.detection.threshold import Wish
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.open_scorer import open_scorer

HOPS = {"window": 4, "step": 1}
"""New frames between two scores, by a graph's form, if nothing else is said."""


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    bundle: Path
    data: Path
    wish: Wish
    hop: int | None
    """None: 4 for windows, 1 where every frame is a step."""
    statistics: bool = True
    """Whether what is usual at each place is measured again."""
    target: str | None = None
    """None: all of the bundle's."""
    threads: int | None = None
    out: Path | None = None
    """None: the bundle is replaced."""

    @property
    def file(self) -> Path:
        """Where the renewed bundle goes."""
        return self.out or self.bundle


def run(options: Options, as_json: bool) -> None:
    """Renews a bundle, whole or not at all, and prints the new thresholds.

    Raises:
        OcrganError: an option, the bundle or the recordings cannot be used.
    """
    bundle = open_bundle(options.bundle)
    _check_hop(bundle, options)
    clips = normal_clips(options.data)
    if not options.statistics:
        clips = replace(clips, statistics={})
    renewals = _renew(bundle, options, clips)
    manifest = write_renewed(bundle, renewals, options.file)
    fields = {name: manifest.targets[name].calibration.model_dump() for name in renewals}
    print_renewals(bundle, renewals, options.file, fields if as_json else None)


def _check_hop(bundle: Bundle, options: Options) -> None:
    frames, hop = bundle.manifest.input.frames, options.hop
    if hop is not None and not 1 <= hop <= frames:
        raise SettingsError(
            f"--hop is {hop}, but must be between 1 and the window's {frames} frames"
        )


def _plan(bundle: Bundle, options: Options, target: str) -> Plan:
    hop = options.hop or HOPS[bundle.target(target).form]
    return Plan(bundle.manifest.input, hop, options.wish, recent_frames(bundle.manifest))


def _renew(bundle: Bundle, options: Options, clips: NormalClips) -> Mapping[str, Renewal]:
    names = [options.target] if options.target else sorted(bundle.manifest.targets)
    renewals = {}
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("clips"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as progress:
        rounds = len(clips.threshold) + len(clips.statistics)
        tasks = {name: progress.add_task(name, total=rounds) for name in names}
        for name, task in tasks.items():
            scorer = open_scorer(bundle, name, options.threads)
            told = partial(_advance, progress, task)
            renewals[name] = renew(bundle, scorer, clips, _plan(bundle, options, name), told)
    return renewals


def _advance(progress: Progress, task: TaskID, _clip: str) -> None:
    progress.advance(task)
