"""What an archive holds: alarms by clip, and clips that could not be read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ocrgan_edge.bundle import Bundle
from ocrgan_training.evaluation.alarms import alarms_of
from ocrgan_training.evaluation.archive.work import Job, Scored, from_bytes
from ocrgan_training.evaluation.measure import Settings

SHOWN = 20
"""Clips with the highest scores that are printed; JSON has all."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm of a clip, in seconds of media time."""

    raised_at: float
    ended_at: float | None
    peak: float


@dataclass(frozen=True, slots=True)
class ArchiveClip:
    """One clip."""

    name: str
    hours: float
    windows: int
    highest: float | None
    """Largest score; None where it is shorter than two frames."""
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True, slots=True)
class ArchiveSummary:
    """All of an archive."""

    bundle: str
    target: str
    hop: int
    threshold: float
    hours: float
    windows: int
    windows_per_second: float | None
    """Of one worker."""
    alarms: int
    alarms_per_hour: float | None
    clips: tuple[ArchiveClip, ...]
    unreadable: dict[str, str]
    """Clip → why."""


def summarise(
    results: Iterable[Scored], bundle: Bundle, job: Job, settings: Settings
) -> ArchiveSummary:
    """Raises the daemon's alarms on every clip's scores."""
    calibration = bundle.target(job.target).calibration
    rule = settings.rule(calibration.threshold, calibration.median)
    clips: list[ArchiveClip] = []
    unreadable: dict[str, str] = {}
    seconds = 0.0
    for one in results:
        if one.error is not None:
            unreadable[one.clip] = one.error
            continue
        found = from_bytes(one.scores)
        windows = found.windows
        seconds += found.seconds
        alarms = tuple(
            Alarm(alarm.raised_at, alarm.ended_at, alarm.peak) for alarm in alarms_of(windows, rule)
        )
        highest = float(windows.score.max()) if windows.score.size else None
        hours = windows.frames / windows.frames_per_second / 3600
        clips.append(ArchiveClip(one.clip, hours, windows.score.size, highest, alarms))
    hours = sum(clip.hours for clip in clips)
    count = sum(len(clip.alarms) for clip in clips)
    total = sum(clip.windows for clip in clips)
    return ArchiveSummary(
        bundle=bundle.manifest.name,
        target=job.target,
        hop=job.hop,
        threshold=calibration.threshold,
        hours=hours,
        windows=total,
        windows_per_second=total / seconds if seconds else None,
        alarms=count,
        alarms_per_hour=count / hours if hours else None,
        clips=tuple(clips),
        unreadable=unreadable,
    )


def write_summary(summary: ArchiveSummary, path: Path) -> None:
    """Writes it as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(summary), indent=1) + "\n")


def print_summary(summary: ArchiveSummary, console: Console) -> None:
    """Prints the clips with the highest scores, and those that could not be read."""
    rate = "" if summary.alarms_per_hour is None else f" ({summary.alarms_per_hour:.2f} an hour)"
    console.print(
        f"[bold]{summary.bundle}[/bold] {summary.target}: {len(summary.clips)} clips, "
        f"{summary.hours:.2f} hours, {summary.windows} windows, {summary.alarms} alarms{rate} "
        f"above {summary.threshold:.3f}",
        highlight=False,
        soft_wrap=True,
    )
    table = Table("clip", title=f"Highest scores, at most {SHOWN}", title_justify="left")
    for column in ("highest", "alarms", "first at s", "minutes"):
        table.add_column(column, justify="right")
    known = [clip for clip in summary.clips if clip.highest is not None]
    for clip in sorted(known, key=lambda one: one.highest or 0.0, reverse=True)[:SHOWN]:
        first = f"{clip.alarms[0].raised_at:.1f}" if clip.alarms else "–"
        minutes = f"{clip.hours * 60:.1f}"
        table.add_row(clip.name, f"{clip.highest:.3f}", str(len(clip.alarms)), first, minutes)
    console.print(table)
    for name, why in summary.unreadable.items():
        console.print(f"[red]not scored:[/red] {name}: {why}", highlight=False, soft_wrap=True)
