"""What a camera is watched with, and who works for it."""

from __future__ import annotations

from dataclasses import dataclass

from ocrgan_edge.alerts.evidence.camera import CameraEvidence
from ocrgan_edge.detection.schedule import Schedule
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.service.camera import Outlook
from ocrgan_edge.service.camera_stats import CameraStats
from ocrgan_edge.service.habits import Habits
from ocrgan_edge.service.loaded_model import LoadedModel
from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.rule import Tuning
from ocrgan_edge.service.scheduler import Scheduler
from ocrgan_edge.service.score_file import ScoreFile
from ocrgan_edge.service.voice import Voice


@dataclass(frozen=True, slots=True)
class View:
    """What a camera is watched with."""

    model: LoadedModel
    statistics: LocationStatistics
    hop: int
    """Frames between two windows."""
    outlook: Outlook
    schedule: Schedule
    tuning: Tuning
    enabled: bool
    habits: Habits
    """What is known of normal life, by day and night."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a camera's frames come, and how often it speaks."""

    keeps_pace: bool
    """Frames come when they are taken, or are played at that pace: what is late is left out.
    Otherwise every window is scored, however long that takes."""
    score_interval: float = 1.0
    """Least seconds between two published scores."""
    update_interval: float = 2.0
    """Least seconds of media time between two messages of an open event."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Who works for a camera."""

    scheduler: Scheduler
    progress: Progress
    stats: CameraStats
    voice: Voice
    evidence: CameraEvidence
    scores: ScoreFile | None = None
    """Where every window's score is written, if anywhere."""
