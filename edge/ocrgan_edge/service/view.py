"""A camera's source and the bundle it is seen through: opened, checked, ready to be scored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from ocrgan_edge.alerts.life import Origin
from ocrgan_edge.bundle import Bundle, open_bundle
from ocrgan_edge.clock import MediaClock
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scorer import Scorer
from ocrgan_edge.runtime.scoring import ScoredWindow, score_source
from ocrgan_edge.service.rule import alarm_rule
from ocrgan_edge.service.settings import Settings
from ocrgan_edge.service.stop import Stop, StoppableSource
from ocrgan_edge.video.open_source import open_source
from ocrgan_edge.video.source import Source


@dataclass(frozen=True, slots=True)
class View:
    """What turns one camera's frames into scores."""

    source: Source
    bundle: Bundle
    scorer: Scorer
    hop: int
    """Frames between two windows."""
    clock: MediaClock
    """Started by the first frame."""
    origin: Origin

    def windows(self, stop: Stop) -> Iterator[ScoredWindow]:
        """Scored windows until the source ends or a stop is asked for.

        Raises:
            SourceError: the source cannot be read to its end.
        """
        source = StoppableSource(self.source, stop, self.clock)
        return score_source(source, self.scorer, self.bundle.manifest.input, self.hop)

    def __str__(self) -> str:
        """What is watched, with what, in one sentence."""
        spec = self.bundle.manifest.input
        return (
            f"{self.origin.camera}: {self.source.name} through {self.bundle.path.name} "
            f"({self.scorer.target}), {spec.frames} frames of {spec.width}x{spec.height} at "
            f"{spec.frames_per_second:g}/s every {self.hop} frames, "
            f"threshold {self.origin.rule.threshold:.3g}"
        )


def open_view(settings: Settings, parts: ExitStack) -> View:
    """Opens bundle, source and graph, in this order; `parts` will close them.

    Raises:
        BundleError: the bundle is refused.
        SourceError: the camera is not there.
        SettingsError: hop or target do not go with the bundle.
    """
    bundle = open_bundle(settings.bundle)
    source = open_source(
        settings.camera, realtime=settings.realtime, frames_per_second=settings.fps
    )
    parts.callback(source.close)
    scorer = open_scorer(bundle, settings.target, settings.threads)
    calibration = bundle.target(scorer.target).calibration
    with settings.bundle.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return View(
        source=source,
        bundle=bundle,
        scorer=scorer,
        hop=_hop(settings.hop or calibration.hop, bundle),
        clock=MediaClock(keeps_pace=source.live or settings.realtime),
        origin=Origin(settings.name, alarm_rule(calibration, settings), digest),
    )


def _hop(hop: int, bundle: Bundle) -> int:
    frames = bundle.manifest.input.frames
    if hop > frames:
        raise SettingsError(f"hop is {hop}, but must be between 1 and the window's {frames} frames")
    return hop
