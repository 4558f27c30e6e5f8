from __future__ import annotations

import numpy as np
import pytest

from ocrgan_edge.video.fit import fit


def test_shrinking_averages_areas() -> None:
    image = np.array([[10, 20], [30, 40]], np.uint8)[..., None].repeat(3, axis=2)
    assert fit(image, 1, 1)[0, 0].tolist() == [25, 25, 25]


def test_colour_order_is_kept() -> None:
    image = np.empty((8, 8, 3), np.uint8)
    image[:] = (1, 2, 3)
    assert fit(image, 4, 2)[3, 1].tolist() == [1, 2, 3]


@pytest.mark.parametrize("shape", [(8, 6), (8, 6, 1)])
def test_gray_gives_three_equal_channels(shape: tuple[int, ...]) -> None:
    image = np.arange(48, dtype=np.uint8).reshape(shape)
    fitted = fit(image, 4, 3)
    assert fitted.shape == (4, 3, 3)
    assert np.array_equal(fitted[..., 0], fitted[..., 2])
    assert np.array_equal(fitted, fit(image.reshape(8, 6, 1).repeat(3, axis=2), 4, 3))


def test_a_picture_of_the_right_size_is_copied_unchanged() -> None:
    image = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    fitted = fit(image, 3, 4)
    assert np.array_equal(fitted, image)
    assert not np.shares_memory(fitted, image)


def test_the_result_can_be_written_where_it_belongs() -> None:
    slots = np.zeros((2, 4, 6, 3), np.uint8)
    image = np.random.default_rng(0).integers(0, 255, (9, 13, 3), dtype=np.uint8)
    fit(image, 4, 6, out=slots[1])
    assert np.array_equal(slots[1], fit(image, 4, 6))
    assert not slots[0].any()


def test_enlarging_works_too() -> None:
    assert fit(np.full((2, 2, 3), 9, np.uint8), 32, 64).tolist() == [[[9, 9, 9]] * 64] * 32
