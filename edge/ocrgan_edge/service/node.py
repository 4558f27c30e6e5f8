"""A node at work: its cameras and all who work for them, put together and taken apart in order."""

from __future__ import annotations

import gc
import logging
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType

from ocrgan_edge.alerts.event import EndReason
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.bundle import Bundle
from ocrgan_edge.errors import BundleError, OcrganError
from ocrgan_edge.service.calibrating import interrupted
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
from ocrgan_edge.service.progress import MAIN
from ocrgan_edge.service.remembered import Memory
from ocrgan_edge.service.scheduler import Scheduler
from ocrgan_edge.service.score_file import ScoreFile
from ocrgan_edge.service.settings.changes import Changes
from ocrgan_edge.service.settings.models import Settings
from ocrgan_edge.service.settings.secrets import address_of
from ocrgan_edge.service.stats import NodeStats
from ocrgan_edge.service.view import configured_view, remembered_view, wanted_target
from ocrgan_edge.service.watches import Prepared, Shared, Watches, prepare
from ocrgan_edge.service.web import WebServer
from ocrgan_edge.signature import open_trusted

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
        self._shelf = ModelShelf(self._budget, settings.state_folder)
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
        unwatched = parts.enter_context(ExitStack())
        prepared = self._prepare_all(self._first_views(), start.patient, unwatched)
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
        unwatched.pop_all()  # sources are closed by who watches them

    def view(self, name: str, bundle: Bundle | None = None) -> View:
        """What a camera is to be watched with, by all that is known of it.

        Args:
            name: the camera's.
            bundle: instead of the installed or configured one.

        Raises:
            BundleError: the bundle is refused.
            SettingsError: the camera's settings do not go with it.
        """
        self._start.progress.made(MAIN)  # loading takes seconds
        camera = self.settings.cameras[name]
        bundle = bundle or self.installed or open_trusted(camera.bundle, self.settings.trusted_keys)
        told = self.memory.camera(name, bundle.sha256)
        folder = self.settings.state_folder
        target = wanted_target(camera, bundle, told, folder)
        model = self._shelf.load(bundle, target, camera.form)
        return remembered_view(configured_view(camera, model), told, folder, name)

    def rewatch(self, views: Mapping[str, View]) -> None:
        """Watches cameras with other views; their open events end.

        Raises:
            OcrganError: a source cannot be opened, and nothing has changed.
        """
        with ExitStack() as unwatched:
            prepared = self._prepare_all(views, True, unwatched)
            for camera in prepared:
                before = self.watches.by_name.get(camera.name)
                self.watches.end(camera.name, "changed")
                watch = self.watches.begin(camera)
                watch.normal.calibrating = interrupted(before.calibrating if before else None)
            unwatched.pop_all()
        self.let_go_of_models()

    def change_cameras(self, settings: Settings, difference: Changes) -> None:
        """Goes by settings in which only cameras differ; the others do not notice.

        Raises:
            OcrganError: a bundle, setting or source cannot be used, and nothing has changed.
        """
        before, self.settings = self.settings, settings
        try:
            self.rewatch({name: self.view(name) for name in difference.added | difference.changed})
        except OcrganError:
            self.settings = before
            self.let_go_of_models()
            raise
        for name in difference.removed:
            self.watches.forget(name)
        self.let_go_of_models()

    def tick(self, now: datetime) -> None:
        """What has to be done when time passes; `now` has a time zone."""
        self.watches.tick(now)
        for name in self.watches.worth_another_try():
            _log.info("%s is tried again", name, extra={"camera": name})
            try:
                self.rewatch({name: self.view(name)})
            except OcrganError as error:
                _log.error("%s cannot be watched again: %s", name, error, extra={"camera": name})

    def _first_views(self) -> dict[str, View]:
        """All cameras' views; by the configured bundles if the installed one does not do."""
        try:
            return {name: self.view(name) for name in self.settings.cameras}
        except OcrganError as error:
            if self.installed is None:
                raise
            _log.error("the installed model is not used, the configured ones are: %s", error)
            self.installed = None
            return {name: self.view(name) for name in self.settings.cameras}

    def _prepare_all(
        self, views: Mapping[str, View], patient: bool, unwatched: ExitStack
    ) -> list[Prepared]:
        """Opens all sources, or none: the stack closes them as long as nobody watches them."""
        prepared = []
        for name, view in views.items():
            prepared.append(self.prepare(name, view, patient))
            unwatched.callback(prepared[-1].source.close)
        return prepared

    def _find_installed(self) -> Bundle | None:
        """The bundle that a command has installed for all cameras, if it is still there."""
        folder, name = self.settings.models_folder, self.memory.now.model
        if folder is None or name is None:
            return None
        try:
            return open_trusted(folder / name, self.settings.trusted_keys)
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

    def let_go_of_models(self) -> None:
        """Forgets models that no camera uses any more."""
        used: set[LoadedModel] = {watch.view.model for watch in self.watches.by_name.values()}
        self._shelf.keep_only(used)
        gc.collect()  # a watch and its feed hold each other, and its model with them

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
        if (listen := self.settings.metrics.listen) is not None:
            metrics = registry(self.stats, self._start.progress)
            parts.enter_context(WebServer(listen, metrics, self.health))
