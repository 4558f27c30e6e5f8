"""Batches made beforehand: in order, the same by thread and by processes, nothing left behind."""

import multiprocessing
import threading

import numpy as np
import pytest
import torch

from ocrgan_training.data.clips import Clip
from ocrgan_training.data.loader import Loader, LoaderSettings
from ocrgan_training.prefetch import batches


def loader() -> Loader:
    random = np.random.default_rng(0)
    clips = [Clip("a", random.integers(0, 255, (30, 32, 32, 3), dtype=np.uint8))]
    return Loader(clips, LoaderSettings(frames=8, batch=1, stacks=4))


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_come_in_order_from_the_step_asked_for(workers: int) -> None:
    made = loader()
    with batches(made, 3, workers) as ready:
        for step in (3, 4, 5):
            batch = next(ready)
            assert all(torch.equal(*pair) for pair in zip(batch, made.batch(step), strict=True))


@pytest.mark.parametrize("workers", [0, 2])
def test_nobody_goes_on_making_them_afterwards(workers: int) -> None:
    with batches(loader(), 0, workers) as ready:
        next(ready)
    assert not multiprocessing.active_children()
    assert not [t for t in threading.enumerate() if t.name.startswith("batches")]
