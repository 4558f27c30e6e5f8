"""An archive scored by many workers: clips go out, results come back into one file.

The engine is Dask: it starts workers here or on other machines, gives a clip of a worker that died
to another one, and gives up on a clip that kills one worker after the other.
"""

# mypy: disable-error-code="no-untyped-call"
# Dask's own functions are only partly typed.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from dask.typing import Key
from distributed import Client, Future, KilledWorker, as_completed

from ocrgan_training.evaluation.archive.result_file import ResultFile, stamp
from ocrgan_training.evaluation.archive.work import Job, Scored, score
from ocrgan_training.evaluation.cluster import connected

AHEAD = 3
"""Clips per worker that are under way or wait: enough that no worker waits, and few to do again."""

Told = Callable[[str], None]
"""Is told each clip that is done."""


def score_archive(
    clips: Mapping[str, Path], job: Job, results: Path, cluster: str, told: Told
) -> None:
    """Scores all clips that the result file does not have yet.

    A clip that could not be read earlier is tried again, and so is one whose file has changed.

    Args:
        clips: by name.
        job: how.
        results: the file to add to.
        cluster: `local`, `local:WORKERS` or a scheduler's address as `tcp://host:8786`.
        told: for progress; clips that are done already are told first.

    Raises:
        SettingsError: the result file is of another job, or there is no such cluster.
        BundleError: a worker sees another bundle.
    """
    stamps = {name: stamp(path) for name, path in clips.items()}
    with ResultFile(results, job) as file:
        file.forget_unusable(stamps)
        done = file.names()
        for name in done & clips.keys():
            told(name)
        missing = {name: path for name, path in clips.items() if name not in done}
        if not missing:
            return
        with connected(cluster) as client:
            for scored in _scored(client, missing, job):
                file.add(scored, stamps[scored.clip])
                told(scored.clip)


def _scored(client: Client, clips: Mapping[str, Path], job: Job) -> Iterator[Scored]:
    """Results as they come, each clip once."""
    waiting = iter(clips.items())
    names: dict[Key, str] = {}

    def submit(name: str, path: Path) -> Future[Scored]:
        # pure=False: a key of its own for each call, never an earlier run's result
        future = client.submit(score, job, name, str(path.resolve()), pure=False)
        names[future.key] = name
        return future

    at_once = AHEAD * max(1, sum(client.nthreads().values()))
    completed = as_completed([submit(*item) for item in islice(waiting, at_once)])
    for future in completed:
        yield _result(future, names.pop(future.key))
        following = next(waiting, None)
        if following is not None:
            completed.add(submit(*following))


def _result(future: Future[Scored], name: str) -> Scored:
    try:
        return future.result()
    except KilledWorker as error:
        return Scored(name, "", error=f"every worker that was given it died: {error}")
