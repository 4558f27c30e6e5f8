"""A node at work: its cameras and all who work for them, put together and taken apart in order."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from types import TracebackType

from ocrgan_edge.alerts.event import EndReason
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.bundle import Bundle, open_bundle
from ocrgan_edge.errors import BundleError, OcrganError
from ocrgan_edge.service.crew import View
from ocrgan_edge.service.health import Health
from ocrgan_edge.service.loaded_model import Budget, LoadedModel, ModelShelf
from ocrgan_edge.service.metrics import registry
from ocrgan_edge.service.outlet import (
    PUBLISHER,
    Start,
    keep_of,
    make_folder,
    open_evidence_store,
    open_outlet,
)
from ocrgan_edge.service.remembered import Memory
from ocrgan_edge.service.scheduler import Scheduler
from ocrgan_edge.service.score_file import ScoreFile
from ocrgan_edge.service.settings.changes import Changes
from ocrgan_edge.service.settings.models import Settings
from ocrgan_edge.service.settings.secrets import address_of
from ocrgan_edge.service.stats import NodeStats
from ocrgan_edge.service.view import configured_view, remembered_view
from ocrgan_edge.service.watches import Prepared, Shared, Watches, prepare
from ocrgan_edge.service.web import WebServer

_log = logging.getLogger(__name__)


class Node:
    """All cameras of a device, its publisher and whoever looks into it; a context."""

    def __init__(self, settings: Settings, start: Start) -> None:
        """Opens bundles and cameras, connects, and begins to watch.

        Args:
            settings: all of them.
            start: how.

        Raises:
            OcrganError: a bundle, camera, setting or certificate cannot be used; all that was
                opened is closed again.
        """
        self.settings = settings
        self.topics = Topics(settings.prefix, settings.node)
        self._start = start
        self._clean = True
        self._reason: EndReason = "stopped"
        self._budget = Budget.of(settings.threads, len(settings.cameras))
        self._shelf = ModelShelf(self._budget)
        with ExitStack() as parts:
            self._open(parts)
            self._parts = parts.pop_all()

    def _open(self, parts: ExitStack) -> None:
        """In the order of what most often goes wrong; what is closed last is opened first."""
        settings, start = self.settings, self._start
        make_folder(settings.state_folder)
        self.memory = Memory(settings.state_folder)
        parts.callback(self.memory.close)
        self.installed = self._find_installed()
        """Scores for all cameras, instead of the configured bundles."""
        views = {name: self.view(name) for name in settings.cameras}
        prepared = [self.prepare(name, views[name], start.patient) for name in views]
        for camera in prepared:
            parts.callback(camera.source.close)
        scores = parts.enter_context(ScoreFile(start.scores)) if start.scores else None
        store = open_evidence_store(settings.evidence, settings.state_folder)
        if store is not None:
            parts.callback(store.close)
        outlet = open_outlet(settings, self.topics, start)
        parts.callback(start.progress.forget, PUBLISHER)
        parts.callback(lambda: outlet.publisher.close(self._clean))
        self.publisher, self.mqtt = outlet.publisher, outlet.mqtt
        self.stats = NodeStats(outlet.boot_id, outlet.others(store))
        self._open_web(parts)
        scheduler = Scheduler(self._budget.workers, progress=start.progress)
        parts.callback(scheduler.close)
        shared = Shared(
            scheduler=scheduler,
            progress=start.progress,
            stats=self.stats,
            publisher=self.publisher,
            topics=self.topics,
            store=store,
            keep=keep_of(settings.evidence),
            scores=scores,
        )
        self.watches = Watches(shared)
        parts.callback(lambda: self.watches.end_all(self._reason))
        for camera in prepared:
            self.watches.begin(camera)

    def view(self, name: str, bundle: Bundle | None = None) -> View:
        """What a camera is to be watched with, by all that is known of it.

        Args:
            name: the camera's.
            bundle: instead of the installed or configured one.

        Raises:
            BundleError: the bundle is refused.
            SettingsError: the camera's settings do not go with it.
        """
        camera = self.settings.cameras[name]
        bundle = bundle or self.installed or open_bundle(camera.bundle)
        model = self._shelf.load(bundle, camera.target)
        told = self.memory.camera(name, bundle.sha256)
        return remembered_view(configured_view(camera, model), told, self.settings.state_folder)

    def rewatch(self, name: str, view: View) -> None:
        """Watches a camera with another view, or again with the one before if that fails.

        Raises:
            OcrganError: its source cannot be opened any more.
        """
        watch = self.watches.by_name.get(name)
        self.watches.end(name, "changed")
        try:
            self.watches.begin(self.prepare(name, view))
        except OcrganError:
            if watch is not None:
                self.watches.begin(self.prepare(name, watch.view))
            raise
        self._let_go_of_models()

    def change_cameras(self, settings: Settings, difference: Changes) -> None:
        """Goes by settings in which only cameras differ; the others do not notice.

        Raises:
            OcrganError: a bundle or setting cannot be used, and nothing has changed; or a source
                cannot be opened.
        """
        before, self.settings = self.settings, settings
        try:
            names = difference.added | difference.changed
            views = {name: self.view(name) for name in settings.cameras if name in names}
        except OcrganError:
            self.settings = before
            raise
        for name in difference.removed:
            self.watches.forget(name)
        for name, view in views.items():
            self.rewatch(name, view)

    def _find_installed(self) -> Bundle | None:
        """The bundle that a command has installed for all cameras, if it is still there."""
        folder, name = self.settings.models_folder, self.memory.now.model
        if folder is None or name is None:
            return None
        try:
            return open_bundle(folder / name)
        except BundleError as error:
            _log.error("the installed model cannot be used, the configured ones are: %s", error)
            return None

    def prepare(self, name: str, view: View, patient: bool = True) -> Prepared:
        """Opens a camera's source.

        Raises:
            SourceError: it is not there.
            SettingsError: its password cannot be read, or an option does not go with the source.
        """
        camera = self.settings.cameras[name]
        address = address_of(name, camera, self._start.environment)
        return prepare(name, camera, view, address, patient=patient)

    def _let_go_of_models(self) -> None:
        used: set[LoadedModel] = {watch.view.model for watch in self.watches.by_name.values()}
        self._shelf.keep_only(used)

    def health(self) -> Health:
        """Whether every part gets on."""
        return Health.of(self.stats, self._start.progress)

    def close(self, clean: bool, reason: EndReason = "stopped") -> None:
        """Stops everything in order; may be called twice.

        Args:
            clean: on purpose or because recordings have ended, not because of a failure.
            reason: why open events end.
        """
        self._clean, self._reason = clean, reason
        self._parts.close()

    def __enter__(self) -> Node:
        """The node, at work."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops everything in order."""
        self.close(clean=error is None)

    def _open_web(self, parts: ExitStack) -> None:
        listen = self.settings.metrics.listen
        if listen is not None:
            metrics = registry(self.stats, self._start.progress)
            parts.enter_context(WebServer(listen, metrics, self.health))
