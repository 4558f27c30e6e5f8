"""A bundle's graph, loaded once for every worker and shared by all cameras that use it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.bundle import Bundle, Calibration, InputSpec
from ocrgan_edge.runtime.choose_target import choose_target
from ocrgan_edge.runtime.graph import default_threads
from ocrgan_edge.runtime.open_scorer import WantedForm, open_scorer
from ocrgan_edge.runtime.scorer import LocationStatistics, Scorer, Stepper, WindowScore

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Budget:
    """How many processors are used, and how."""

    workers: int
    """Windows that are scored at the same time."""

    threads: int
    """Processors for each of them."""

    @classmethod
    def of(cls, threads: int | None, cameras: int) -> Budget:
        """One worker per camera as far as `threads` go, which are then shared among them.

        Args:
            threads: in all; those of the machine, at most 4, if None.
            cameras: 1 or more.
        """
        total = threads or default_threads()
        workers = min(total, cameras)
        return cls(workers, total // workers)


@dataclass(eq=False)
class Following:
    """One camera's way through a graph that steps: its own past and statistics."""

    stepper: Stepper
    used: LocationStatistics | None = None


class LoadedModel:
    """One target of a bundle, ready to score in any worker."""

    def __init__(self, bundle: Bundle, target: str | None, budget: Budget) -> None:
        """Loads the graph once per worker; the first one passes the self-test.

        Raises:
            BundleError: the graph is refused.
            SettingsError: the target needs a runtime that is not installed.
        """
        first = open_scorer(bundle, target, budget.threads)
        others = range(1, budget.workers)
        self._scorers: list[Scorer] = [
            first,
            *(open_scorer(bundle, first.target, budget.threads, check=False) for _ in others),
        ]
        self.bundle = bundle
        self.target = first.target
        self.statistics = bundle.statistics(first.target)
        """Those of the bundle."""
        self._used = [self.statistics] * budget.workers
        spec = self.spec
        shape = (spec.frames, spec.height, spec.width, 3)
        self._buffers = [np.zeros(shape, np.uint8) for _ in self._scorers]
        self._lent = 0

    @property
    def spec(self) -> InputSpec:
        """What a window is."""
        return self.bundle.manifest.input

    @property
    def identity(self) -> str:
        """Tells it from every other graph: what was learned with one holds for that one only."""
        return f"{self.bundle.sha256} {self.target}"

    @property
    def calibration(self) -> Calibration:
        """The target's, from the bundle."""
        return self.bundle.target(self.target).calibration

    def buffer(self, worker: int) -> NDArray[np.uint8]:
        """Where a worker puts the window (T, H, W, 3) that it is going to score."""
        return self._buffers[worker]

    def follow(self) -> Following | None:
        """For one camera: what its graph remembers from frame to frame; None if it sees windows.

        The workers' graphs are lent in turn. Each can serve several cameras at the same time.
        """
        lender = self._scorers[self._lent % len(self._scorers)]
        if not isinstance(lender, Stepper):
            return None
        self._lent += 1
        # The graphs themselves first: what one of them remembers is as large as a camera's.
        mine = self._lent <= len(self._scorers)
        return Following(lender if mine else lender.another())

    def score(
        self,
        worker: int,
        statistics: LocationStatistics,
        following: Following | None = None,
        new: int | None = None,
    ) -> WindowScore:
        """Scores what lies in the worker's buffer, by a camera's statistics.

        Args:
            worker: whose buffer.
            statistics: the camera's.
            following: the camera's, if it has one from `follow`.
            new: how many of the newest frames have come since; None if it is to forget what it
                knows.

        Raises:
            BundleError: the graph gives values that are no numbers.
        """
        if following is not None:
            if following.used is not statistics:
                following.stepper.use(statistics)
                following.used = statistics
            return following.stepper.follow(self._buffers[worker], new)
        if self._used[worker] is not statistics:
            self._scorers[worker].use(statistics)
            self._used[worker] = statistics
        return self._scorers[worker].score(self._buffers[worker])


class ModelShelf:
    """All loaded models of a node."""

    def __init__(self, budget: Budget, state_folder: Path | None = None) -> None:
        """Starts empty; the folder remembers which target of a bundle is the fastest here."""
        self._budget = budget
        self._state_folder = state_folder
        self._chosen: dict[tuple[str, WantedForm], str] = {}
        self._models: dict[tuple[str, str], LoadedModel] = {}

    def load(self, bundle: Bundle, target: str | None, form: WantedForm = "auto") -> LoadedModel:
        """The model of a bundle, which is loaded if no camera has it yet.

        Args:
            bundle: opened and checked.
            target: one of its targets; None: the fastest here of those that have the form.
            form: of the graphs to choose among.

        Raises:
            BundleError: the graph is refused.
            SettingsError: the target needs a runtime that is not installed, or the bundle has no
                graph of this form.
        """
        target = target or self._choose(bundle, form)
        key = bundle.sha256, target
        if key not in self._models:
            self._models[key] = LoadedModel(bundle, target, self._budget)
        return self._models[key]

    def _choose(self, bundle: Bundle, form: WantedForm) -> str:
        key = bundle.sha256, form
        if key not in self._chosen:
            choice = choose_target(bundle, self._budget.threads, self._state_folder, form)
            _log.info("target %s, because %s", choice.target, choice.reason)
            self._chosen[key] = choice.target
        return self._chosen[key]

    def keep_only(self, used: set[LoadedModel]) -> None:
        """Lets go of models that no camera uses any more."""
        self._models = {key: model for key, model in self._models.items() if model in used}
