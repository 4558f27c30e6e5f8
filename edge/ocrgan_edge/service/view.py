"""What a camera is watched with: from its settings, its bundle and what it was told before."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from ocrgan_edge.alerts.evidence.names import safe_part
from ocrgan_edge.bundle import Bundle
from ocrgan_edge.detection.calibration_file import (
    read_calibrated,
    read_profiles,
    target_calibrated,
)
from ocrgan_edge.detection.explain import recent_frames
from ocrgan_edge.detection.profiles import PROFILES, Learned, Profile
from ocrgan_edge.detection.schedule import Schedule
from ocrgan_edge.detection.sensitivity import factor_of
from ocrgan_edge.detection.zones import Zone, Zones
from ocrgan_edge.errors import DataError, SettingsError
from ocrgan_edge.runtime.open_scorer import refuse_other_form, runnable_targets
from ocrgan_edge.service.camera import Outlook
from ocrgan_edge.service.crew import View
from ocrgan_edge.service.habits import Habits
from ocrgan_edge.service.loaded_model import LoadedModel
from ocrgan_edge.service.remembered import RememberedCalibration, RememberedCamera
from ocrgan_edge.service.rule import Tuning
from ocrgan_edge.service.settings.camera import CameraSettings

_log = logging.getLogger(__name__)


def configured_view(settings: CameraSettings, model: LoadedModel) -> View:
    """A camera's view as its settings and the bundle have it.

    Raises:
        SettingsError: hop, zones or schedule cannot be used with the model.
    """
    calibration = model.calibration
    learned = _learned(settings, model)
    always = learned["always"]
    _, height, width = model.statistics.mean.shape
    recent = recent_frames(model.bundle.manifest)
    zones = [Zone(zone.name, zone.points, zone.kind) for zone in settings.zones]
    return View(
        model=model,
        statistics=always.statistics,
        hop=_hop(settings.hop or calibration.hop, model),
        outlook=Outlook(Zones(zones, (height, width), recent), recent, settings.settle_after),
        schedule=Schedule(settings.schedule),
        tuning=Tuning(
            median=always.median,
            base=always.threshold if settings.threshold is None else settings.threshold,
            sensitivity=settings.sensitivity_factor,
            minimum_duration=settings.minimum_duration,
            cool_down=settings.cool_down,
            hold_off=settings.hold_off,
        ),
        enabled=settings.enabled,
        habits=Habits(
            learned=learned,
            threshold=settings.threshold,
            night=_hours(settings.night),
            by_brightness=settings.night == "brightness",
            false_alarms_per_day=settings.false_alarms_per_day or calibration.false_alarms_per_day,
            follow_drift=settings.follow_drift,
        ),
    )


def remembered_view(
    view: View, told: RememberedCamera, state_folder: Path | None, name: str | None = None
) -> View:
    """The view with what commands have set since: they count more than the settings.

    Args:
        view: as configured.
        told: what the camera was told.
        state_folder: where calibrations lie.
        name: the camera's, by which its drift is kept.
    """
    if state_folder is not None:
        for profile, calibration in _calibrations(told).items():
            view = _calibrated(view, profile, calibration, state_folder)
        if name is not None:
            files = {profile: state_folder / drift_name(name, profile) for profile in PROFILES}
            view = replace(view, habits=replace(view.habits, drift_files=files))
    tuning = view.tuning
    if told.threshold is not None:
        tuning = replace(tuning, base=told.threshold.value)
        view = replace(view, habits=replace(view.habits, threshold=told.threshold.value))
    if told.sensitivity is not None:
        tuning = replace(tuning, sensitivity=factor_of(told.sensitivity))
    enabled = view.enabled if told.enabled is None else told.enabled
    return replace(view, tuning=tuning, enabled=enabled)


def wanted_target(
    settings: CameraSettings, bundle: Bundle, told: RememberedCamera, state_folder: Path | None
) -> str | None:
    """The target to load: that of the settings, or for which the camera was calibrated, if any.

    What was learned with a graph of another form than the settings want does not count.

    Raises:
        SettingsError: the calibration that the settings name cannot be read, or their target is
            of another form than they want.
    """
    if settings.target is not None:
        refuse_other_form(bundle, settings.target, settings.form)
        return settings.target
    found: str | None = None
    if settings.calibration is not None:
        found = _target_of(settings.calibration, bundle)
    elif state_folder is not None:
        found = _target_learned(bundle, told, state_folder)
    if found is None or settings.form in ("auto", bundle.target(found).form):
        return found
    return None


def calibration_name(camera: str, profile: Profile) -> str:
    """Name of the file with what a camera has learned at a command."""
    which = "" if profile == "always" else f"{profile}-"
    return f"{which}calibration-{safe_part(camera)}.npz"


def drift_name(camera: str, profile: Profile) -> str:
    """Name of the file with a camera's drift."""
    return f"drift-{profile}-{safe_part(camera)}.npz"


def _target_of(calibration: Path, bundle: Bundle) -> str | None:
    try:
        return target_calibrated(calibration, bundle.sha256)
    except DataError as error:
        raise SettingsError(str(error)) from error


def _target_learned(bundle: Bundle, told: RememberedCamera, state_folder: Path) -> str | None:
    """For which a command has calibrated the camera, unless it cannot run here any more."""
    for calibration in _calibrations(told).values():
        if calibration.statistics is None:
            continue
        try:
            target = target_calibrated(state_folder / calibration.statistics, bundle.sha256)
        except DataError:
            continue  # who reads it says so
        if target in runnable_targets(bundle):
            return target
    return None


def _learned(settings: CameraSettings, model: LoadedModel) -> dict[Profile, Learned]:
    bundle = model.calibration
    learned: dict[Profile, Learned] = {
        "always": Learned(model.statistics, bundle.median, bundle.threshold)
    }
    file = settings.calibration
    if file is None:
        return learned
    if _target_of(file, model.bundle) is None:
        _log.warning("calibration %s is not used: it is for another bundle", file)
        return learned
    try:
        found = read_profiles(file, model.identity, model.statistics.mean.shape)
    except DataError as error:
        raise SettingsError(str(error)) from error
    return learned | {profile: calibrated.learned for profile, calibrated in found.items()}


def _calibrations(told: RememberedCamera) -> dict[Profile, RememberedCalibration]:
    always: dict[Profile, RememberedCalibration]
    always = {} if told.calibration is None else {"always": told.calibration}
    return always | dict(told.profiles)


def _calibrated(
    view: View, profile: Profile, told: RememberedCalibration, state_folder: Path
) -> View:
    if told.statistics is None:
        _log.warning("a calibration of %s without statistics is not used", told.when.date())
        return view
    shape = view.habits.learned["always"].statistics.mean.shape
    try:
        # Its own threshold, not what was noted beside it: statistics and threshold go together.
        file = state_folder / told.statistics
        learned = read_calibrated(file, view.model.identity, shape, profile).learned
    except DataError as error:
        _log.warning("%s; the bundle's own calibration is used", error)
        return view
    habits = replace(view.habits, learned={**view.habits.learned, profile: learned}, threshold=None)
    if profile != "always":
        return replace(view, habits=habits)
    tuning = replace(view.tuning, median=learned.median, base=learned.threshold)
    return replace(view, statistics=learned.statistics, tuning=tuning, habits=habits)


def _hours(night: tuple[str, ...] | str | None) -> Schedule | None:
    """Of the night, where the clock tells them; a schedule without entries would be all hours."""
    return Schedule(night) if night and not isinstance(night, str) else None


def _hop(hop: int, model: LoadedModel) -> int:
    frames = model.spec.frames
    if hop > frames:
        raise SettingsError(f"hop is {hop}, but must be between 1 and the window's {frames} frames")
    return hop
