"""A camera calibrates at its own place, by the daemon's own path, without a daemon.

Frames, windows, reconnects, scene health and the guard against alarms are those of the daemon's
`Watch`; it speaks to nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ocrgan_edge.alerts.event import Event
from ocrgan_edge.alerts.evidence.camera import CameraEvidence
from ocrgan_edge.alerts.retained import QoS
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.detection.self_calibration import Calibrated, SelfCalibration
from ocrgan_edge.errors import DataError
from ocrgan_edge.service.camera_stats import CameraStats
from ocrgan_edge.service.crew import Crew, Pace
from ocrgan_edge.service.loaded_model import LoadedModel
from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.scheduler import Scheduler
from ocrgan_edge.service.settings.camera import CameraSettings
from ocrgan_edge.service.view import configured_view
from ocrgan_edge.service.voice import Voice
from ocrgan_edge.service.watch import Watch
from ocrgan_edge.service.watches import Prepared, prepare

NAME = "camera"
LOOK_EVERY = 0.2
"""Seconds between two looks at how far it is."""

Told = Callable[[float, str | None], None]
"""Is told the share that is done, and what it waits for."""


@dataclass(frozen=True)
class Request:
    """What is to be learned."""

    minutes: float
    """Of video, for statistics and threshold together."""
    false_alarms_per_day: float


@dataclass(frozen=True)
class Found:
    """What came of it."""

    calibrated: Calibrated
    learn: SelfCalibration
    """With the scores that the threshold was read from."""
    reconnects: int
    frames_lost: int
    windows_skipped: int


class _Nobody:
    """A publisher that says nothing."""

    def publish_event(self, event: Event) -> None:
        """Says nothing."""

    def publish_state(self, topic: str, payload: str | bytes, qos: QoS = 1) -> None:
        """Says nothing."""

    def publish_once(self, topic: str, payload: str) -> None:
        """Says nothing."""

    def close(self, clean: bool = True) -> None:
        """Has nothing to close."""


def calibrate_camera(
    settings: CameraSettings, address: str, model: LoadedModel, request: Request, told: Told
) -> Found:
    """Watches a camera until it has learned what is normal.

    A camera that drops out is waited for; only time with pictures that can be judged counts.

    Args:
        settings: source, bundle, hop and durations of the alarm.
        address: the source with its password.
        model: of the bundle.
        request: how long, and for which rate.
        told: for progress, a few times a second.

    Raises:
        SourceError: the camera is not there at the start, or a recording breaks off.
        SettingsError: the minutes are too few, or settings do not go with the source.
        DataError: a recording has ended too early, or what was seen cannot be used.
    """
    prepared = prepare(NAME, settings, configured_view(settings, model), address, patient=False)
    progress = Progress()
    scheduler = Scheduler(1, progress=progress)
    try:
        watch, stats = _watch(prepared, scheduler, progress)
        try:
            watch.calibrate(request.minutes, request.false_alarms_per_day)
            watch.start(prepared.source)
            return _wait(watch, stats, request, told)
        finally:
            watch.stop("stopped")
    finally:
        prepared.source.close()
        scheduler.close()


def _watch(
    prepared: Prepared, scheduler: Scheduler, progress: Progress
) -> tuple[Watch, CameraStats]:
    settings, view = prepared.settings, prepared.view
    stats = CameraStats(view.hop)
    crew = Crew(
        scheduler=scheduler,
        progress=progress,
        stats=stats,
        voice=Voice(_Nobody(), Topics("ocrgan", "calibrate"), NAME),
        evidence=CameraEvidence(NAME, None),
    )
    watch = Watch(NAME, view, crew, Pace(prepared.source.live or settings.realtime))
    prepared.reports.to = watch
    return watch, stats


def _wait(watch: Watch, stats: CameraStats, request: Request, told: Told) -> Found:
    calibrating = watch.calibrating
    assert calibrating is not None
    while not calibrating.over:
        over = watch.ended.wait(LOOK_EVERY)
        watch.tick(datetime.now(UTC))
        told(calibrating.progress, watch.away or calibrating.waiting)
        if over and not calibrating.over:
            raise watch.error or _too_short(calibrating.progress, request)
    if calibrating.result is None:
        raise DataError(f"calibration failed: {calibrating.failure}")
    totals = stats.totals
    told(1.0, None)
    return Found(
        calibrating.result,
        calibrating.learn,
        totals.reconnects,
        totals.frames_lost,
        totals.windows_skipped,
    )


def _too_short(progress: float, request: Request) -> DataError:
    return DataError(
        f"the recording has ended after {progress:.0%} of the {request.minutes:g} minutes that "
        "calibration takes: give a longer one or fewer --minutes"
    )
