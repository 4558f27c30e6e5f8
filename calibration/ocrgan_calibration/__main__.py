"""`ocrgan-calibrate`: what is normal, from recordings or from a camera at its place."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from ocrgan_edge.command_line import INTERRUPTED, run
from ocrgan_edge.detection.alarm import MINIMUM_DURATION
from ocrgan_edge.errors import SettingsError

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
        typer.Option(
            help="New frames between two scores [4, of steps 1, of a camera the bundle's]"
        ),
    ] = None,
    minimum_duration: Annotated[
        float, typer.Option(help="Seconds above the threshold that an alarm takes.")
    ] = MINIMUM_DURATION,
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
    _check_wish(false_alarms_per_day, minimum_duration)
    if (data is None) == (camera is None):
        raise SettingsError("either --data with recordings or --camera must be given")
    # Imported here so that --help and usage errors come at once.
    from ocrgan_calibration import camera_command, recordings_command
    from ocrgan_calibration.from_camera import Request
    from ocrgan_edge.detection.threshold import Wish

    if camera is not None:
        of_camera = camera_command.Options(
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
        camera_command.run(of_camera, as_json)
    if data is not None:
        of_recordings = recordings_command.Options(
            bundle=bundle,
            data=data,
            wish=Wish(false_alarms_per_day, minimum_duration),
            hop=hop,
            statistics=statistics,
            target=None if target == "all" else target,
            threads=threads,
            out=out,
        )
        recordings_command.run(of_recordings, as_json)


def _check_wish(false_alarms_per_day: float, minimum_duration: float) -> None:
    if not false_alarms_per_day > 0:
        raise SettingsError(
            f"--false-alarms-per-day is {false_alarms_per_day:g}, but must be above 0"
        )
    if not minimum_duration >= 0:
        raise SettingsError(f"--minimum-duration is {minimum_duration:g}, but must not be negative")


def main() -> None:
    """The command; Ctrl-C ends it with code 130, also while it is still being loaded."""
    signal.signal(signal.SIGINT, lambda *_: sys.exit(INTERRUPTED))
    sys.exit(run(app))


if __name__ == "__main__":
    main()
