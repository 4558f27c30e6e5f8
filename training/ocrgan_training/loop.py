"""The loop: batches to steps, and now and then a look at held-out clips and a checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch

from ocrgan_training import processes
from ocrgan_training.data.loader import Batch
from ocrgan_training.metrics_board import MetricsBoard
from ocrgan_training.metrics_file import MetricsFile
from ocrgan_training.prefetch import batches
from ocrgan_training.progress import Report, Reporter
from ocrgan_training.schedule import moment
from ocrgan_training.session import Session
from ocrgan_training.step import StepResult, train_step

ROW_STEPS = 20
"""Steps that one row of metrics.csv is the mean of."""
LOOK_SECONDS = 30.0
"""A budget of minutes is not spent on looking at held-out clips more often than this."""


def run_training(session: Session, reporter: Reporter, stop: Callable[[], bool]) -> bool:
    """Trains until the budget is spent (True) or `stop` says so (False); saves in both cases.

    Raises:
        DivergedError: a loss is no longer a number; the last checkpoint is left as it is.
    """
    loop = _Loop(session, reporter)
    workers = session.options.engine.workers
    with batches(session.loader, session.learner.step, workers) as ready:
        while loop.goes_on(stop):
            loop.turn(ready)
    done = session.options.budget.progress(session.spent) >= 1
    loop.close(done)
    return done


class _Loop:
    """What happens around the steps."""

    def __init__(self, session: Session, reporter: Reporter) -> None:
        self._session = session
        self._reporter = reporter
        self._metrics: MetricsFile | None = None
        self._board: MetricsBoard | None = None
        self._waited = self._worked = 0.0
        self._shown: dict[str, float] = {}
        self._saved = self._looked = time.monotonic()
        self._start = session.seconds, session.learner.step

    def goes_on(self, stop: Callable[[], bool]) -> bool:
        """Whether the budget is not spent and nobody wants to stop: the same in all processes."""
        session = self._session
        device = torch.device(session.options.engine.device)
        session.seconds, stopped = processes.agree(session.seconds, stop(), device)
        return not stopped and session.options.budget.progress(session.spent) < 1

    def turn(self, ready: Iterator[Batch]) -> None:
        """One step and what is due after it."""
        session, since = self._session, time.perf_counter()
        now = moment(session.options.budget, session.spent, session.plateau)
        batch = next(ready)
        waited = time.perf_counter() - since
        result = train_step(session.learner, batch, session.options.step, now, session.options.seed)
        self._note(result, waited, now.rate)
        if session.learner.step % session.loader.steps_per_epoch == 0:
            self._end_epoch()
        session.seconds += time.perf_counter() - since
        self._waited += waited
        self._worked += sum(result.seconds.values())
        self._reporter.show(self._report())
        if time.monotonic() - self._saved > 60 * session.options.checkpoint_minutes:
            session.save()
            self._saved = time.monotonic()

    def close(self, done: bool) -> None:
        """The last look, the last row, the last checkpoint."""
        if done:
            self._look()
        self._write_row()
        if self._board is not None:
            self._board.close()
        self._session.save()
        self._reporter.say(str(self._report()))

    def _note(self, result: StepResult, waited: float, rate: float) -> None:
        if processes.rank() > 0:
            return
        seconds = {"data": waited, **result.seconds}
        row = result.losses | {f"seconds/{part}": spent for part, spent in seconds.items()}
        before = self._session.learner.step - 1
        row |= {"epoch": self._session.spent.epochs, "rate": rate}
        if self._metrics is None:
            self._metrics = _open_metrics(self._session, tuple(row))
            if self._session.options.engine.tensorboard:
                self._board = MetricsBoard(self._session.options.run, before)
        self._metrics.add(row)
        if self._session.learner.step % ROW_STEPS == 0:
            self._write_row()

    def _end_epoch(self) -> None:
        timed = self._session.options.budget.minutes is not None
        if timed and time.monotonic() - self._looked < LOOK_SECONDS:
            return
        found = self._look()
        self._session.plateau = self._session.plateau.after(found["context"])

    def _look(self) -> dict[str, float]:
        found = self._session.evaluate()
        self._looked = time.monotonic()
        named = {f"held_out/{name}": value for name, value in found.items()}
        self._shown |= named
        if self._metrics is not None:
            self._metrics.add(named)
        return found

    def _write_row(self) -> None:
        if self._metrics is not None:
            step = self._session.learner.step
            means = self._metrics.write(step)
            self._shown |= means
            if self._board is not None:
                self._board.write(step, means)

    def _report(self) -> Report:
        session, (seconds, step) = self._session, self._start
        spent = session.spent
        rate = (
            (spent.steps - step) * session.options.loader.batch / max(spent.seconds - seconds, 1e-9)
        )
        return Report(
            session.options.budget.progress(spent),
            spent.seconds,
            spent.steps,
            spent.epochs,
            rate,
            dict(self._shown),
            self._waited / max(self._waited + self._worked, 1e-9),
        )


def _open_metrics(session: Session, columns: tuple[str, ...]) -> MetricsFile:
    looks = (
        "context",
        "local_normal",
        "local_pseudo",
        "local_ranking",
        "local_auc",
        "peak_auc",
    )
    names = (*columns, *(f"held_out/{name}" for name in looks))
    return MetricsFile(session.options.run, names, session.learner.step - 1)
