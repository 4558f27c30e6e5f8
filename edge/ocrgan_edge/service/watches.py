"""All cameras of a node: prepared, watched, replaced and stopped."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ocrgan_edge.alerts.event import EndReason
from ocrgan_edge.alerts.evidence.camera import CameraEvidence, Keep
from ocrgan_edge.alerts.evidence.store import EvidenceStore
from ocrgan_edge.alerts.publisher import Publisher
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.service.crew import Crew, Pace, View
from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.scheduler import Scheduler
from ocrgan_edge.service.score_file import ScoreFile
from ocrgan_edge.service.settings.camera import CameraSettings
from ocrgan_edge.service.stats import NodeStats
from ocrgan_edge.service.voice import Voice
from ocrgan_edge.service.watch import Watch
from ocrgan_edge.video.open_live import LiveOptions
from ocrgan_edge.video.open_source import open_source
from ocrgan_edge.video.source import Source

TRY_AGAIN_AFTER = 60.0
"""Seconds after which a camera that was given up is watched anew, while others go on."""
_log = logging.getLogger(__name__)


class Reports:
    """Passes on what a source reports, to a watch that is there only later."""

    def __init__(self) -> None:
        """Keeps it to itself until `to` is set."""
        self.to: Watch | None = None

    def connected(self) -> None:
        """See `Watch`."""
        if self.to is not None:
            self.to.connected()

    def lost(self, reason: str) -> None:
        """See `Watch`."""
        if self.to is not None:
            self.to.lost(reason)

    def tried(self) -> None:
        """See `Watch`."""
        if self.to is not None:
            self.to.tried()

    def dropped(self, frames: int) -> None:
        """See `Watch`."""
        if self.to is not None:
            self.to.dropped(frames)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A camera that could be opened and can now be watched."""

    name: str
    settings: CameraSettings
    view: View
    source: Source
    reports: Reports


def prepare(
    name: str, settings: CameraSettings, view: View, address: str, *, patient: bool
) -> Prepared:
    """Opens a camera's source.

    Args:
        name: the camera's.
        settings: its own.
        view: through which it will be watched.
        address: its source, with a password if it needs one.
        patient: wait for a camera or stream that is not there yet.

    Raises:
        SourceError: it is not there.
        SettingsError: its settings do not go with such a source.
    """
    reports = Reports()
    live = LiveOptions(
        reconnect=True,
        patient=patient,
        watcher=reports,
        most_per_second=2 * view.model.spec.frames_per_second,
    )
    source = open_source(
        address,
        realtime=settings.realtime,
        frames_per_second=settings.fps,
        loop=settings.loop,
        live=live,
    )
    return Prepared(name, settings, view, source, reports)


@dataclass(frozen=True, slots=True)
class Shared:
    """Who works for all cameras of the node."""

    scheduler: Scheduler
    progress: Progress
    stats: NodeStats
    publisher: Publisher
    topics: Topics
    store: EvidenceStore | None
    keep: Keep
    scores: ScoreFile | None


class Watches:
    """The cameras that are being watched, by name. For the daemon's own thread."""

    def __init__(self, shared: Shared) -> None:
        """Watches nothing yet."""
        self._shared = shared
        self._watches: dict[str, Watch] = {}
        self._given_up: dict[Watch, float] = {}

    @property
    def by_name(self) -> Mapping[str, Watch]:
        """All of them."""
        return self._watches

    def begin(self, prepared: Prepared) -> Watch:
        """Watches a camera; one of that name must not be watched any more."""
        name, settings, view = prepared.name, prepared.settings, prepared.view
        shared = self._shared
        crew = Crew(
            scheduler=shared.scheduler,
            progress=shared.progress,
            stats=shared.stats.add(name, view.hop),
            voice=self.voice(name),
            evidence=CameraEvidence(name, shared.store, shared.keep),
            scores=shared.scores,
        )
        pace = Pace(
            keeps_pace=prepared.source.live or settings.realtime,
            score_interval=settings.score_interval,
            update_interval=settings.update_interval,
        )
        watch = Watch(name, view, crew, pace)
        prepared.reports.to = watch
        self._watches[name] = watch
        watch.start(prepared.source)
        _log.info("%s", _described(prepared), extra={"camera": name})
        return watch

    def voice(self, name: str) -> Voice:
        """Speaks for a camera."""
        return Voice(self._shared.publisher, self._shared.topics, name)

    def end(self, name: str, reason: EndReason) -> None:
        """Watches a camera no more, but knows that it belongs to the node."""
        watch = self._watches.pop(name, None)
        if watch is not None:
            watch.stop(reason)
            self._given_up.pop(watch, None)

    def forget(self, name: str) -> None:
        """The camera no longer belongs to the node: ends it, and clears what is retained."""
        self.end(name, "changed")
        self._shared.stats.remove(name)
        self.voice(name).clear()

    def end_all(self, reason: EndReason) -> None:
        """Watches nothing any more."""
        for watch in self._watches.values():
            watch.ask_to_stop(reason)
        for name in list(self._watches):
            self.end(name, reason)

    def tick(self, now: datetime) -> None:
        """What has to be done when time passes."""
        for watch in self._watches.values():
            watch.tick(now)
            if watch.ended.is_set() and watch.error is not None and watch not in self._given_up:
                self._given_up[watch] = time.monotonic()
                if not self.all_ended:  # else the daemon ends with these words
                    fields = {"camera": watch.name}
                    _log.error("%s is given up: %s", watch.name, watch.error, extra=fields)

    def worth_another_try(self) -> list[str]:
        """Live cameras that were given up a while ago; a broken recording stays broken."""
        if self.all_ended:
            return []
        latest = time.monotonic() - TRY_AGAIN_AFTER
        given_up = [watch for watch, at in self._given_up.items() if watch.live and at <= latest]
        return [watch.name for watch in given_up if self._watches.get(watch.name) is watch]

    @property
    def all_ended(self) -> bool:
        """Whether no camera gives frames any more, or ever will."""
        return all(watch.ended.is_set() for watch in self._watches.values())


def _described(prepared: Prepared) -> str:
    model, view = prepared.view.model, prepared.view
    spec = model.spec
    return (
        f"{prepared.name}: {prepared.source.name} through {model.bundle.path.name} "
        f"({model.target}), {spec.frames} frames of {spec.width}x{spec.height} at "
        f"{spec.frames_per_second:g}/s every {view.hop} frames, "
        f"threshold {view.tuning.threshold:.3g}"
    )
