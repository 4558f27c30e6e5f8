"""`ocrgan-calibrate`: what is normal, from recordings or from a camera at its place."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer
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
from ocrgan_calibration.camera_command import Options
from ocrgan_calibration.camera_command import run as run_camera
from ocrgan_calibration.from_camera import Request
from ocrgan_calibration.renew import Renewal, renew, write_renewed
from ocrgan_calibration.report import print_camera_report, print_renewals
from ocrgan_edge.bundle import Bundle, Manifest, open_bundle
from ocrgan_edge.command_line import run
from ocrgan_edge.detection.explain import recent_frames
from ocrgan_edge.detection.threshold import Wish
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.open_scorer import open_scorer

EPILOG = """\b
Examples:
  ocrgan-calibrate --bundle ped2.ocrgan --data recordings --false-alarms-per-day 1
  ocrgan-calibrate --bundle ped2.ocrgan --data other-camera --out other-camera.ocrgan
  ocrgan-calibrate --bundle yard.ocrgan --camera rtsp://10.0.0.7/stream1 --minutes 30
  ocrgan-calibrate --bundle yard.ocrgan --camera 0 --minutes 60 --profile night \\
    --out yard.npz --picture yard.png --json

DATA/train holds clips of normal life (video files or folders of frames). A tenth of them, at
least one, is held out: the threshold is read from those, what is usual at each place from the
others. The bundle is replaced only when everything has been measured.

A CAMERA calibrates at its own place: the file that is written (by default BUNDLE.calibration.npz)
goes into the daemon's settings as camera.NAME.calibration. It may hold day and night apart.
Ctrl-C leaves everything as it was.
"""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(epilog=EPILOG)
def command(
    bundle: Annotated[Path, typer.Option(help="The bundle to renew.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder with train/<clip> of normal life.")
    ] = None,
    camera: Annotated[
        str | None, typer.Option(help="0 or /dev/video0, rtsp:// or http:// stream, file, scene.")
    ] = None,
    minutes: Annotated[float, typer.Option(help="With --camera: of video, in all.")] = 30.0,
    profile: Annotated[
        Literal["always", "day", "night"],
        typer.Option(help="With --camera: when it holds; other profiles in the file stay."),
    ] = "always",
    picture: Annotated[
        Path | None, typer.Option(help="With --camera: a PNG of scores and threshold.")
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="With --camera: its first line is the stream's password.")
    ] = None,
    false_alarms_per_day: Annotated[
        float, typer.Option(help="How many alarms a day normal life may raise.")
    ] = 1.0,
    hop: Annotated[
        int | None,
        typer.Option(help="New frames between two windows [4, of a camera the bundle's]"),
    ] = None,
    minimum_duration: Annotated[
        float, typer.Option(help="Seconds above the threshold that an alarm takes.")
    ] = 0.8,
    statistics: Annotated[
        bool,
        typer.Option(
            "--statistics/--keep-statistics",
            help="Measure what is usual at each place again, or the threshold alone.",
        ),
    ] = True,
    target: Annotated[str, typer.Option(help="One of the bundle's targets, or all.")] = "all",
    threads: Annotated[int | None, typer.Option(help="Processors for one window.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write here instead of replacing.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
) -> None:
    """Learns what is normal: a bundle from recordings, or a camera at its own place."""
    wish = _wish(false_alarms_per_day, minimum_duration)
    if (data is None) == (camera is None):
        raise SettingsError("either --data with recordings or --camera must be given")
    if camera is not None:
        options = Options(
            camera=camera,
            bundle=bundle,
            request=Request(minutes, false_alarms_per_day),
            minimum_duration=minimum_duration,
            profile=profile,
            hop=hop,
            target=None if target == "all" else target,
            threads=threads,
            out=out,
            picture=picture,
            password_file=password_file,
        )
        print_camera_report(run_camera(options), as_json)
        return
    assert data is not None
    opened = open_bundle(bundle)
    plan = _plan(opened, 4 if hop is None else hop, wish)
    clips = normal_clips(data)
    if not statistics:
        clips = replace(clips, statistics={})
    names = sorted(opened.manifest.targets) if target == "all" else [target]
    renewals = _renew(opened, names, clips, plan, threads)
    manifest = write_renewed(opened, renewals, out or bundle)
    if as_json:
        print(json.dumps(_fields(manifest, renewals), indent=1))
    else:
        print_renewals(opened, renewals, out or bundle)


def main() -> None:
    """Runs the command."""
    sys.exit(run(app))


def _wish(false_alarms_per_day: float, minimum_duration: float) -> Wish:
    if not false_alarms_per_day > 0:
        raise SettingsError(
            f"--false-alarms-per-day is {false_alarms_per_day:g}, but must be above 0"
        )
    if not minimum_duration >= 0:
        raise SettingsError(f"--minimum-duration is {minimum_duration:g}, but must not be negative")
    return Wish(false_alarms_per_day, minimum_duration)


def _plan(bundle: Bundle, hop: int, wish: Wish) -> Plan:
    spec = bundle.manifest.input
    if not 1 <= hop <= spec.frames:
        raise SettingsError(
            f"--hop is {hop}, but must be between 1 and the window's {spec.frames} frames"
        )
    return Plan(spec, hop, wish, recent_frames(bundle.manifest))


def _renew(
    bundle: Bundle, names: list[str], clips: NormalClips, plan: Plan, threads: int | None
) -> dict[str, Renewal]:
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
            scorer = open_scorer(bundle, name, threads)
            told = partial(_advance, progress, task)
            renewals[name] = renew(bundle, scorer, clips, plan, told)
    return renewals


def _advance(progress: Progress, task: TaskID, _clip: str) -> None:
    progress.advance(task)


def _fields(manifest: Manifest, renewals: Mapping[str, Renewal]) -> dict[str, object]:
    return {name: manifest.targets[name].calibration.model_dump() for name in renewals}


if __name__ == "__main__":
    main()
