"""Recordings of normal life, small enough to be written by each test session."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

TINY = Path(__file__).parents[1] / "fixtures" / "tiny.ocrgan"


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train/ with four folders of 40 frames, 32×32: a patch walks through sensor noise."""
    folder = tmp_path_factory.mktemp("recordings")
    for clip in range(4):
        frames = folder / "train" / f"clip{clip}"
        frames.mkdir(parents=True)
        noise = np.random.default_rng(clip)
        for t in range(40):
            image = noise.normal(90, 3, (32, 32, 3))
            left = (t + 9 * clip) % 26
            image[12:20, left : left + 6] += 60
            cv2.imwrite(str(frames / f"{t:03}.png"), image.clip(0, 255).astype(np.uint8))
    return folder


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A copy of the tiny bundle that a test may change."""
    copy = tmp_path / "tiny.ocrgan"
    copy.write_bytes(TINY.read_bytes())
    return copy
