"""Windows with something wrong in them, for INT8 to be compared on."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrgan_edge.bundle import InputSpec
from ocrgan_export.measure_edited import edited_windows
from ocrgan_training.data.pseudo_settings import PseudoSettings

SPEC = InputSpec(frames=8, height=64, width=64, frames_per_second=10)


@pytest.fixture(scope="module")
def still() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, still: np.ndarray) -> dict[str, Path]:
    """Forty frames in which nothing moves: what differs is an edit."""
    folder = tmp_path_factory.mktemp("still")
    for index in range(40):
        cv2.imwrite(str(folder / f"{index:03}.png"), still)
    return {"still": folder}


def test_edits_are_as_large_as_those_of_the_training(clips, still):
    def changed(height: float) -> float:
        pseudo = PseudoSettings(shares={"drawn": 1.0}, size=(height, height), edits=1)
        windows = edited_windows(clips, SPEC, pseudo, count=12)
        assert windows
        return float(np.median([(window[-1] != still).any(-1).mean() for window in windows]))

    assert changed(0.5) > 4 * changed(0.15) > 0


def test_decoys_are_no_edits(clips, still):
    pseudo = PseudoSettings(shares={"drawn": 0.01, "decoy": 0.99}, untouched=1.0)
    windows = edited_windows(clips, SPEC, pseudo, count=6)
    assert windows
    assert all((window[-1] != still).any() for window in windows)
