"""Where the anomaly is."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_training.evaluation.pixels import PixelSample, stride_for
from ocrgan_training.evaluation.protocol import ClipScores


def clip(frames: int, ends: list[int]) -> ClipScores:
    count = len(ends)
    return ClipScores(
        frames=frames,
        frames_per_second=10.0,
        clock=10.0,
        end=np.array(ends, np.int64),
        at=np.array(ends) / 10,
        score=np.zeros(count),
        frame_scores=np.zeros((count, 1)),
    )


def corner(height: int, width: int, frames: int = 1) -> NDArray[np.bool_]:
    """The upper left quarter is abnormal."""
    masks = np.zeros((frames, height, width), np.bool_)
    masks[:, : height // 2, : width // 2] = True
    return masks


MAP = np.array([[[1.0, 0.0], [0.0, 0.0]]], np.float32)


def test_a_map_that_points_at_the_anomaly_is_right() -> None:
    sample = PixelSample(stride=1)
    sample.add(clip(1, [0]), MAP, corner(2, 2))
    assert sample.auc() == 1.0


def test_a_map_that_points_elsewhere_is_wrong() -> None:
    sample = PixelSample(stride=1)
    sample.add(clip(1, [0]), MAP[:, ::-1, ::-1], corner(2, 2))
    # the abnormal pixel ties with two of the three normal ones and loses to the third
    assert sample.auc() == pytest.approx(1 / 3)


def test_maps_are_enlarged_to_the_masks() -> None:
    sample = PixelSample(stride=1)
    sample.add(clip(1, [0]), MAP, corner(16, 16))
    auc = sample.auc()
    assert auc is not None
    assert auc > 0.95


def test_a_frame_has_the_newest_windows_map() -> None:
    maps = np.concatenate([np.zeros_like(MAP), MAP])
    masks = np.concatenate([np.zeros((1, 2, 2), np.bool_), corner(2, 2, frames=2)])
    sample = PixelSample(stride=1)
    sample.add(clip(3, [0, 1]), maps, masks)
    assert sample.auc() == 1.0


def test_pixels_before_the_first_window_count_as_the_lowest() -> None:
    sample = PixelSample(stride=1)
    sample.add(clip(2, [1]), MAP, corner(2, 2, frames=2))
    # abnormal: one unknown, one of 1; normal: three unknown, three of 0
    assert sample.auc() == pytest.approx((1.5 + 6) / 12)


def test_without_masks_nothing_is_known() -> None:
    assert PixelSample(stride=1).auc() is None


def test_small_data_sets_are_compared_whole_and_large_ones_thinned() -> None:
    assert stride_for(100, 100, 100) == 1
    assert stride_for(2010, 240, 360) == 7  # 173.7 M pixels, every 49th of them: 3.5 M
