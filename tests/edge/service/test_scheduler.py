"""Jobs that need 10 ms each, on real threads; the clock of turns is injected where order counts."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import pytest

from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.scheduler import Scheduler


class Counter:
    """A job that takes a while and is due again as soon as it has run, like an endless camera."""

    def __init__(self, name: str, interval: float = 1.0, takes: float = 0.0) -> None:
        self.name = name
        self.interval = interval
        self.times = 0
        self.error: Exception | None = None
        self.at_once = 0
        self._takes = takes
        self._inside = 0

    def run(self, worker: int) -> None:
        self._inside += 1
        self.at_once = max(self.at_once, self._inside)
        time.sleep(self._takes)
        self.times += 1
        self._inside -= 1

    def failed(self, error: Exception) -> None:
        self.error = error


class Held(Counter):
    """A job that runs until it is let go."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.begun = threading.Event()
        self.go = threading.Event()

    def run(self, worker: int) -> None:
        self.begun.set()
        self.go.wait(60)
        self.times += 1


@pytest.fixture
def schedulers() -> Iterator[Callable[..., Scheduler]]:
    made: list[Scheduler] = []

    def make(*arguments: object) -> Scheduler:
        made.append(Scheduler(*arguments))
        return made[-1]

    yield make
    for scheduler in made:
        scheduler.close()


def keep_busy(scheduler: Scheduler, jobs: list[Counter], seconds: float) -> None:
    """Every job is always due: far more work than workers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for job in jobs:
            scheduler.due(job)
        time.sleep(0.001)


def test_a_job_that_is_due_is_run(schedulers) -> None:
    scheduler, job = schedulers(1), Counter("door")
    scheduler.add(job)
    assert scheduler.due(job)
    scheduler.drain(job)
    assert job.times == 1


def test_a_job_that_is_due_twice_is_run_once_and_the_first_counts_as_overtaken(schedulers) -> None:
    scheduler, first, job = schedulers(1), Held("first"), Counter("door")
    scheduler.add(first)
    scheduler.add(job)
    scheduler.due(first)
    first.begun.wait(60)
    assert [scheduler.due(job), scheduler.due(job), scheduler.due(job)] == [True, False, False]
    first.go.set()
    scheduler.drain(job)
    assert job.times == 1


def test_one_job_never_runs_in_two_workers(schedulers) -> None:
    scheduler, job = schedulers(4), Counter("door", takes=0.002)
    scheduler.add(job)
    keep_busy(scheduler, [job], 0.1)
    scheduler.drain(job)
    assert job.at_once == 1


def test_equal_jobs_share_a_worker_equally_when_there_is_too_much_to_do(schedulers) -> None:
    scheduler = schedulers(1)
    jobs = [Counter(str(number), takes=0.005) for number in range(4)]
    for job in jobs:
        scheduler.add(job)
    keep_busy(scheduler, jobs, 0.5)
    times = [job.times for job in jobs]
    assert max(times) - min(times) <= 1


def test_too_little_time_stretches_every_interval_by_the_same_factor(schedulers) -> None:
    scheduler = schedulers(1)
    often, rarely = Counter("often", 0.01, 0.005), Counter("rarely", 0.04, 0.005)
    scheduler.add(often)
    scheduler.add(rarely)
    keep_busy(scheduler, [often, rarely], 0.8)
    assert 3.0 <= often.times / rarely.times <= 5.0  # 0.04 / 0.01 = 4


def test_two_workers_run_two_jobs_at_the_same_time(schedulers) -> None:
    scheduler, one, other = schedulers(2), Held("one"), Held("other")
    for job in (one, other):
        scheduler.add(job)
        scheduler.due(job)
    assert one.begun.wait(60)
    assert other.begun.wait(60)
    one.go.set()
    other.go.set()


def test_whoever_waits_for_one_job_holds_up_no_other(schedulers) -> None:
    scheduler, long, short = schedulers(2), Held("long"), Counter("short")
    scheduler.add(long)
    scheduler.add(short)
    scheduler.due(long)
    assert long.begun.wait(60)
    waiting = [threading.Thread(target=scheduler.drain, args=(long,)) for _ in range(5)]
    for thread in waiting:
        thread.start()
    # One who waits may be woken in place of a worker, but rarely: passing proves little.
    for times in range(1, 30):
        scheduler.due(short)
        end = time.monotonic() + 60
        while short.times < times:
            assert time.monotonic() < end, "nobody was woken"
            time.sleep(0.001)
    long.go.set()
    for thread in waiting:
        thread.join()


def test_who_drains_a_job_that_fails_is_let_go_after_the_job_knows(schedulers) -> None:
    class Failing(Held):
        def run(self, worker: int) -> None:
            super().run(worker)
            raise ValueError("no more")

        def failed(self, error: Exception) -> None:
            time.sleep(0.05)
            super().failed(error)

    scheduler, job = schedulers(1), Failing("door")
    scheduler.add(job)
    scheduler.due(job)
    assert job.begun.wait(60)
    job.go.set()
    scheduler.drain(job)
    assert str(job.error) == "no more"


def test_a_job_that_cannot_even_be_told_costs_no_worker(schedulers, caplog) -> None:
    class Hopeless(Counter):
        def run(self, worker: int) -> None:
            raise ValueError("no more")

        def failed(self, error: Exception) -> None:
            raise ZeroDivisionError("nor this")

    scheduler, hopeless, job = schedulers(1), Hopeless("door"), Counter("yard")
    for each in (hopeless, job):
        scheduler.add(each)
        scheduler.due(each)
        scheduler.drain(each)
    assert job.times == 1
    assert "giving up door failed" in caplog.text


def test_a_job_that_raises_is_told_and_never_run_again(schedulers) -> None:
    class Broken(Counter):
        def run(self, worker: int) -> None:
            super().run(worker)
            raise ValueError("no more")

    scheduler, job = schedulers(1), Broken("door")
    scheduler.add(job)
    scheduler.due(job)
    scheduler.drain(job)
    scheduler.due(job)
    scheduler.drain(job)
    assert (job.times, str(job.error)) == (1, "no more")


def test_after_remove_nothing_of_the_job_runs_any_more(schedulers) -> None:
    scheduler, job = schedulers(1), Held("door")
    scheduler.add(job)
    scheduler.due(job)
    job.begun.wait(60)
    threading.Timer(0.05, job.go.set).start()
    scheduler.remove(job)
    assert job.times == 1
    scheduler.due(job)
    assert job.times == 1


def test_close_ends_all_workers() -> None:
    scheduler = Scheduler(3)
    scheduler.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("worker-")]


def test_a_worker_hangs_in_the_middle_of_a_job_never_while_it_waits_for_one(schedulers) -> None:
    now = [0.0]
    progress = Progress(lambda: now[0])
    scheduler, job = schedulers(2, time.monotonic, progress), Held("door")
    now[0] = 1000.0
    assert progress.hanging() == {}
    scheduler.add(job)
    scheduler.due(job)
    assert job.begun.wait(60)
    now[0] += 61
    assert list(progress.hanging().values()) == [61]
    job.go.set()
    scheduler.drain(job)
    assert progress.hanging() == {}
    scheduler.close()
    assert progress.ages() == {}


def test_a_worker_that_waits_keeps_nothing_of_a_job_that_was_removed(
    schedulers: Callable[..., Scheduler],
) -> None:
    scheduler, job = schedulers(1), Counter("yard")
    scheduler.add(job)
    scheduler.due(job)
    scheduler.drain(job)
    assert job.times == 1
    scheduler.remove(job)
    last = weakref.ref(job)
    del job
    until = time.monotonic() + 10  # the worker has a line left after the run
    while last() is not None and time.monotonic() < until:
        gc.collect()
        time.sleep(0.01)
    assert last() is None
