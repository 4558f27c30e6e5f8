"""Batches made while others are trained on: by a thread, or by processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from ocrgan_training.data.loader import Batch, Loader

ENDLESS = 1 << 60


def batches(loader: Loader, step: int, workers: int) -> AbstractContextManager[Iterator[Batch]]:
    """The batches of `step` and all later ones, in order; ends its thread or workers on leaving."""
    return _by_processes(loader, step, workers) if workers else _by_thread(loader, step)


@contextmanager
def _by_thread(loader: Loader, step: int) -> Iterator[Iterator[Batch]]:
    pool = ThreadPoolExecutor(1, "batches")
    waiting: Future[Batch] = pool.submit(loader.batch, step)

    def ready() -> Iterator[Batch]:
        nonlocal waiting, step
        while True:
            batch = waiting.result()
            step += 1
            waiting = pool.submit(loader.batch, step)
            yield batch

    try:
        yield ready()
    finally:
        pool.shutdown(cancel_futures=True)


class _Steps(Dataset[Batch]):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __getitem__(self, step: int) -> Batch:
        return self._loader.batch(step)


@contextmanager
def _by_processes(loader: Loader, step: int, workers: int) -> Iterator[Iterator[Batch]]:
    made: DataLoader[Any] = DataLoader(
        _Steps(loader),
        batch_size=None,  # the loader's batches are whole already
        sampler=range(step, ENDLESS),
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
        multiprocessing_context="fork",  # which shares the decoded clips
    )
    ready: Any = iter(made)
    try:
        yield ready
    finally:
        ready._shutdown_workers()
