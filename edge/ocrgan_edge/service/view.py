"""What a camera is watched with: from its settings, its bundle and what it was told before."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from ocrgan_edge.detection.calibration_file import read_calibrated
from ocrgan_edge.detection.explain import recent_frames
from ocrgan_edge.detection.schedule import Schedule
from ocrgan_edge.detection.sensitivity import factor_of
from ocrgan_edge.detection.zones import Zone, Zones
from ocrgan_edge.errors import DataError, SettingsError
from ocrgan_edge.service.camera import Outlook
from ocrgan_edge.service.crew import View
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
    _, height, width = model.statistics.mean.shape
    recent = recent_frames(model.bundle.manifest)
    zones = [Zone(zone.name, zone.points, zone.kind) for zone in settings.zones]
    return View(
        model=model,
        statistics=model.statistics,
        hop=_hop(settings.hop or calibration.hop, model),
        outlook=Outlook(Zones(zones, (height, width), recent), recent),
        schedule=Schedule(settings.schedule),
        tuning=Tuning(
            median=calibration.median,
            base=calibration.threshold if settings.threshold is None else settings.threshold,
            sensitivity=settings.sensitivity_factor,
            minimum_duration=settings.minimum_duration,
            cool_down=settings.cool_down,
            hold_off=settings.hold_off,
        ),
        enabled=settings.enabled,
    )


def remembered_view(view: View, told: RememberedCamera, state_folder: Path | None) -> View:
    """The view with what commands have set since: they count more than the settings.

    Args:
        view: as configured.
        told: what the camera was told.
        state_folder: where calibrations lie.
    """
    if told.calibration is not None and state_folder is not None:
        view = _calibrated(view, told.calibration, state_folder)
    tuning = view.tuning
    if told.threshold is not None:
        tuning = replace(tuning, base=told.threshold.value)
    if told.sensitivity is not None:
        tuning = replace(tuning, sensitivity=factor_of(told.sensitivity))
    enabled = view.enabled if told.enabled is None else told.enabled
    return replace(view, tuning=tuning, enabled=enabled)


def _calibrated(view: View, learned: RememberedCalibration, state_folder: Path) -> View:
    tuning = replace(view.tuning, median=learned.median, base=learned.threshold)
    if learned.statistics is None:
        return replace(view, tuning=tuning)
    try:
        calibrated = read_calibrated(
            state_folder / learned.statistics, view.model.identity, view.statistics.mean.shape
        )
    except DataError as error:
        _log.warning("%s; the bundle's own calibration is used", error)
        return view
    return replace(view, statistics=calibrated.statistics, tuning=tuning)


def _hop(hop: int, model: LoadedModel) -> int:
    frames = model.spec.frames
    if hop > frames:
        raise SettingsError(f"hop is {hop}, but must be between 1 and the window's {frames} frames")
    return hop
