"""Small recordings with known truth, written as real folders of frames."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

TINY = Path(__file__).parents[2] / "fixtures" / "tiny.ocrgan"
FRAMES = 60
ABNORMAL = slice(30, 50)
"""Frames of test clips in which something fast crosses the picture."""

WriteClip = Callable[[Path, NDArray[np.uint8]], Path]


@pytest.fixture(scope="session")
def write_clip() -> WriteClip:
    """Writes (frames, H, W, 3) as a folder of PNG files."""

    def write(folder: Path, frames: NDArray[np.uint8]) -> Path:
        folder.mkdir(parents=True)
        for i, image in enumerate(frames):
            cv2.imwrite(str(folder / f"{i:03}.png"), image)
        return folder

    return write


@pytest.fixture(scope="session")
def normal_frames() -> Callable[[int], NDArray[np.uint8]]:
    """60 frames, 32×32, of sensor noise in which a faint patch moves; another for each seed."""

    def frames(seed: int) -> NDArray[np.uint8]:
        noise = np.random.default_rng(seed)
        images = noise.normal(90, 3, (FRAMES, 32, 32, 3))
        for t in range(FRAMES):
            left = (t // 2 + 5 * seed) % 26
            images[t, 14:18, left : left + 4] += 15
        return images.clip(0, 255).astype(np.uint8)

    return frames


@pytest.fixture(scope="session")
def data_set(
    tmp_path_factory: pytest.TempPathFactory,
    write_clip: WriteClip,
    normal_frames: Callable[[int], NDArray[np.uint8]],
) -> Path:
    """train/ with 3 clips, test/ with 2: in one of them a bright block crosses the picture."""
    folder = tmp_path_factory.mktemp("data")
    for seed in range(3):
        write_clip(folder / "train" / f"normal{seed}", normal_frames(seed))
    labels, masks = np.zeros(FRAMES, np.uint8), np.zeros((FRAMES, 32, 32), np.bool_)
    labels[ABNORMAL] = 1
    crossing = normal_frames(7)
    for t in range(FRAMES)[ABNORMAL]:
        left = 4 * (t % 6)
        crossing[t, 8:20, left : left + 8] = 230
        masks[t, 8:20, left : left + 8] = True
    write_clip(folder / "test" / "crossing", crossing)
    write_clip(folder / "test" / "quiet", normal_frames(8))
    truth = {"crossing": labels.tolist(), "quiet": [0] * FRAMES}
    (folder / "labels.json").write_text(json.dumps(truth))
    np.savez_compressed(folder / "masks.npz", crossing=masks, quiet=np.zeros_like(masks))
    return folder


@pytest.fixture
def tiny() -> Path:
    """The frame-differencing bundle."""
    return TINY
