"""Batches: the right shapes, values and labels, and the same ones for the same step."""

import numpy as np
import pytest
import torch

from ocrgan_training.data.clips import Clip
from ocrgan_training.data.loader import Batch, Loader, LoaderSettings, scale_pixels, split


def clips(counts: tuple[int, ...] = (40, 30)) -> list[Clip]:
    random = np.random.default_rng(0)
    return [
        Clip(str(i), random.integers(0, 255, (count, 32, 48, 3), dtype=np.uint8))
        for i, count in enumerate(counts)
    ]


SETTINGS = LoaderSettings(frames=8, batch=3, stacks=5)


def equal(one: Batch, two: Batch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_shapes_and_ranges() -> None:
    batch = Loader(clips(), SETTINGS).batch(0)
    assert batch.windows.shape == (3, 8, 3, 32, 48)
    assert batch.stacks.shape == (5, 8, 3, 32, 48)
    for labels in (batch.strength, batch.touched, batch.content):
        assert labels.shape == (5, 32, 48)
        assert labels.min() >= 0
        assert labels.max() <= 1
    assert batch.windows.min() < -0.9
    assert 0.9 < batch.windows.max() < 1.1  # noise may reach a little beyond white


def test_pixels_are_scaled_as_the_graph_does() -> None:
    frames = np.array([0, 127, 255], np.uint8).reshape(1, 1, 1, 1, 3)
    expected = np.array([-1.0, 127 / 127.5 - 1, 1.0], np.float32)
    np.testing.assert_allclose(scale_pixels(frames).ravel(), expected, atol=1e-7)


def test_channels_lie_last_in_memory() -> None:
    frames = Loader(clips(), SETTINGS).batch(0).windows.flatten(0, 1)
    assert frames.is_contiguous(memory_format=torch.channels_last)


def test_a_step_always_gives_the_same_batch() -> None:
    one, two = Loader(clips(), SETTINGS), Loader(clips(), SETTINGS)
    two.batch(0)
    assert equal(one.batch(7), two.batch(7))
    assert not equal(one.batch(7), one.batch(8))


def test_another_seed_gives_another_batch() -> None:
    other = LoaderSettings(frames=8, batch=3, stacks=5, seed=2)
    assert not equal(Loader(clips(), SETTINGS).batch(0), Loader(clips(), other).batch(0))


def test_clips_of_just_one_window_are_enough() -> None:
    batch = Loader(clips((8, 8)), SETTINGS).batch(0)
    assert batch.stacks.shape[1] == 8


def test_cold_starts_are_normal_life() -> None:
    cold = LoaderSettings(frames=8, batch=1, stacks=6, cold=1.0)
    batch = Loader(clips(), cold).batch(0)
    assert not batch.strength.any()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_split_keeps_every_stack_once(count: int) -> None:
    batch = Loader(clips(), SETTINGS).batch(0)
    parts = split(batch, count)
    assert len(parts) == count
    assert sum(len(part.stacks) for part in parts) == 5
    assert sum(float(part.strength.sum()) for part in parts) == pytest.approx(
        float(batch.strength.sum())
    )
