"""Fixtures of the training tests: repeatable weights, clips of a bright block."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch


@pytest.fixture(autouse=True)
def _repeatable() -> Iterator[None]:
    """The same initial weights in every run, and one thread: tests share the machine's cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def write_clips() -> Callable[..., Path]:
    """Writes DATA/train: folders of frames in which a bright block walks over a noisy ground."""

    def write(data: Path, counts: tuple[int, ...] = (30, 30, 30), size: int = 32) -> Path:
        random = np.random.default_rng(0)
        for number, count in enumerate(counts):
            folder = data / "train" / f"walk{number}"
            folder.mkdir(parents=True)
            for index in range(count):
                image = random.integers(60, 70, (size, size, 3), dtype=np.uint8)
                left = (index + 7 * number) % (size - 6)
                image[10:20, left : left + 5] = 200
                cv2.imwrite(str(folder / f"{index:03}.png"), image)
        return data

    return write
