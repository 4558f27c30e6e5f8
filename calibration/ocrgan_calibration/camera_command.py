"""`ocrgan-calibrate --camera`: from options to a calibration file, a report and a picture."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from ocrgan_calibration.from_camera import Found, Request, calibrate_camera
from ocrgan_calibration.picture import MISSING, can_draw, draw
from ocrgan_calibration.report import print_camera_report
from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.detection.calibration_file import read_profiles, write_profiles
from ocrgan_edge.detection.profiles import Profile
from ocrgan_edge.detection.self_calibration import Calibrated
from ocrgan_edge.detection.threshold import SHOWN
from ocrgan_edge.errors import DataError, SettingsError
from ocrgan_edge.runtime.graph import default_threads
from ocrgan_edge.service.loaded_model import Budget, LoadedModel
from ocrgan_edge.service.settings.camera import CameraSettings
from ocrgan_edge.service.settings.secrets import address_of
from ocrgan_edge.video.address import without_password

LONGEST = 7 * 1440.0
"""Minutes."""


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    camera: str
    bundle: Path
    request: Request
    minimum_duration: float
    profile: Profile = "always"
    hop: int | None = None
    target: str | None = None
    threads: int | None = None
    out: Path | None = None
    picture: Path | None = None
    password_file: Path | None = None

    @property
    def file(self) -> Path:
        """Where the calibration goes."""
        return self.out or self.bundle.with_suffix(".calibration.npz")


def run(options: Options, as_json: bool) -> None:
    """Calibrates, writes the file whole or not at all, and prints what came of it.

    Raises:
        OcrganError: an option, the bundle or the camera cannot be used, or too little was seen.
    """
    minutes = options.request.minutes
    if not 0 < minutes <= LONGEST:
        raise SettingsError(f"--minutes is {minutes:g}, but must be above 0, at most {LONGEST:g}")
    bundle = open_bundle(options.bundle)
    budget = Budget(1, options.threads or default_threads())
    model = LoadedModel(bundle, options.target, budget)
    # What cannot be kept is told before, not after 30 minutes.
    for file in (options.file, options.picture):
        _check_writable(file)
    if options.picture is not None and not can_draw():
        Console(stderr=True).print(f"note: {MISSING}", highlight=False)
    profiles = _others(options, model)
    settings = _settings(options)
    address = address_of("camera", settings, os.environ)
    found = _calibrate(settings, address, model, options.request)
    profiles[options.profile] = found.calibrated
    try:
        write_profiles(options.file, profiles, model.identity)
    except OSError as error:
        raise DataError(f"{options.file} cannot be written: {error.strerror}") from error
    report = _report(options, model, found) | {"picture": _draw(options, found)}
    print_camera_report(report, as_json)


def _settings(options: Options) -> CameraSettings:
    try:
        return CameraSettings(
            source=options.camera,
            bundle=options.bundle,
            source_password_file=options.password_file,
            minimum_duration=options.minimum_duration,
            hop=options.hop,
        )
    except ValidationError as error:
        wrong = error.errors()[0]
        option = "-".join(str(part) for part in wrong["loc"]).replace("_", "-")
        raise SettingsError(f"--{option} is {wrong['input']}: {wrong['msg']}") from error


def _check_writable(file: Path | None) -> None:
    if file is None:
        return
    if not file.parent.is_dir() or not os.access(file.parent, os.W_OK):
        raise DataError(f"{file} cannot be written: {file.parent} is no folder to write in")
    if file.is_dir():
        raise DataError(f"{file} cannot be written: it is a folder")


def _others(options: Options, model: LoadedModel) -> dict[Profile, Calibrated]:
    """The file's other profiles, which stay; a file of another model is not overwritten unasked."""
    if not options.file.exists():
        return {}
    try:
        return read_profiles(options.file, model.identity, model.statistics.mean.shape)
    except DataError as error:
        raise DataError(f"{error}, into another file (--out), or delete this one") from error


def _calibrate(
    settings: CameraSettings, address: str, model: LoadedModel, request: Request
) -> Found:
    console = Console(stderr=True)
    source = without_password(settings.source)
    console.print(
        f"{source}: learns what is normal for {request.minutes:g} minutes; Ctrl-C keeps nothing",
        highlight=False,
    )
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as bar:
        task = bar.add_task(source, total=1.0)

        def told(share: float, waits: str | None) -> None:
            bar.update(task, completed=share, description=waits or source)

        return calibrate_camera(settings, address, model, request, told)


def _report(options: Options, model: LoadedModel, found: Found) -> dict[str, object]:
    calibrated, threshold = found.calibrated, found.learn.threshold
    assert threshold is not None
    return {
        "file": str(options.file),
        "profile": options.profile,
        "camera": without_password(options.camera),
        "target": model.target,
        "threshold": calibrated.threshold,
        "estimate": threshold.estimate,
        "bundle_threshold": model.calibration.threshold,
        "median": calibrated.median,
        "false_alarms_per_day": options.request.false_alarms_per_day,
        "threshold_per_day": threshold.per_day,
        "shown_per_day": threshold.shown_per_day,
        "hours_needed": SHOWN * 24 / options.request.false_alarms_per_day,
        "peaks": threshold.peaks,
        "windows": calibrated.windows,
        "minutes": calibrated.minutes,
        "reconnects": found.reconnects,
        "frames_lost": found.frames_lost,
        "windows_skipped": found.windows_skipped,
        "warning": calibrated.warning,
    }


def _draw(options: Options, found: Found) -> str | None:
    threshold = found.learn.threshold
    if options.picture is None or threshold is None or not can_draw():
        return None
    try:
        draw(options.picture, found.learn.normal_scores, threshold)
    except OSError as error:
        raise DataError(f"{options.picture} cannot be written: {error.strerror}") from error
    return str(options.picture)
