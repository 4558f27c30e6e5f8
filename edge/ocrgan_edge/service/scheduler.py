"""Shares a fixed number of workers among cameras, so that all suffer alike when there are too few.

Whoever has waited longest, measured in his own intervals, is served next. With enough time every
camera is served whenever it is due. With too little, nobody queues up: a camera that is due twice
is served once, with what is newest then. Intervals so grow by the same factor for all, and a
score's age does not grow at all.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ocrgan_edge.service.progress import Progress

HANGS_AFTER = 60.0
"""Seconds after which a worker hangs in the middle of a job."""
_log = logging.getLogger(__name__)


class Job(Protocol):
    """Something that is due again and again."""

    name: str

    interval: float
    """Seconds between two times, if it goes as wished."""

    def run(self, worker: int) -> None:
        """Does it once, with what is newest now; `worker` counts from 0. Never runs twice at once.

        Raises:
            Exception: it can never be run again; `failed` is told.
        """

    def failed(self, error: Exception) -> None:
        """Is told what `run` raised; the job is then no longer scheduled.

        Called in the worker's thread: it must not wait for who drains or removes the job.
        """


@dataclass(slots=True)
class _Place:
    """How a job stands."""

    served_at: float
    due: bool = False
    running: bool = False


class Scheduler:
    """Worker threads and the jobs they share."""

    def __init__(
        self,
        workers: int,
        now: Callable[[], float] = time.monotonic,
        progress: Progress | None = None,
    ) -> None:
        """Starts the workers' threads.

        Args:
            workers: 1 or more.
            now: a monotonic clock in seconds.
            progress: is told of each worker's.
        """
        self._now = now
        self._progress = progress or Progress()
        self._places: dict[Job, _Place] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(
                target=self._work, args=(number,), name=f"worker-{number}", daemon=True
            )
            for number in range(workers)
        ]
        for thread in self._threads:
            self._progress.expect(thread.name, HANGS_AFTER)
            self._progress.rest(thread.name)
            thread.start()

    def add(self, job: Job) -> None:
        """Knows the job from now on."""
        with self._changed:
            self._places[job] = _Place(self._now())

    def due(self, job: Job) -> bool:
        """Says that a job has something to do.

        Returns:
            Whether that is news: False if it was due already, and what was due then is overtaken.
        """
        with self._changed:
            place = self._places.get(job)
            if place is None:
                return True
            news = not place.due
            place.due = True
            self._changed.notify_all()  # who wakes first may be one who waits for something else
            return news

    def drain(self, job: Job) -> None:
        """Waits until the job is neither due nor running."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._at_rest(job))

    def remove(self, job: Job) -> None:
        """Forgets the job, after its present run."""
        with self._changed:
            place = self._places.pop(job, None)
            if place is not None:
                self._changed.wait_for(lambda: not place.running)

    def close(self) -> None:
        """Ends the workers after their present runs."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
            self._progress.forget(thread.name)

    def _at_rest(self, job: Job) -> bool:
        place = self._places.get(job)
        return place is None or not (place.due or place.running)

    def _work(self, worker: int) -> None:
        while (turn := self._next()) is not None:
            self._serve(worker, *turn)
            del turn  # else a worker that waits keeps a removed job, with its camera and model

    def _serve(self, worker: int, job: Job, place: _Place) -> None:
        try:
            with self._progress.work(f"worker-{worker}"):
                job.run(worker)
        except Exception as error:
            self._give_up(job, error)
        with self._changed:
            place.running = False
            self._changed.notify_all()

    def _give_up(self, job: Job, error: Exception) -> None:
        """The job knows before whoever drains it does."""
        _log.debug("%s failed", job.name, exc_info=error)
        try:
            job.failed(error)
        except Exception:  # one job's fault must not cost all others their worker
            _log.exception("giving up %s failed", job.name)
        with self._changed:
            self._places.pop(job, None)

    def _next(self) -> tuple[Job, _Place] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting())
            if self._closed:
                return None
            now = self._now()
            job = max(
                self._waiting(),
                key=lambda job: (now - self._places[job].served_at) / job.interval,
            )
            place = self._places[job]
            place.due, place.running, place.served_at = False, True, now
            return job, place

    def _waiting(self) -> list[Job]:
        return [job for job, place in self._places.items() if place.due and not place.running]
