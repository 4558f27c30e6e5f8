"""Convolution blocks."""

import pytest
import torch
from torch.testing import assert_close

from ocrgan_training.network.convolution import (
    ConvBlock,
    ToPixels,
    UpBlock,
    fold_time,
    unfold_time,
)

UPSAMPLINGS = ["resize", "subpixel", "transposed"]


@pytest.mark.parametrize(("kernel", "stride", "size"), [(1, 1, 8), (3, 1, 8), (3, 2, 4), (4, 2, 4)])
def test_a_block_keeps_or_halves_the_size(kernel, stride, size):
    assert ConvBlock(3, 5, kernel, stride)(torch.rand(2, 3, 8, 8)).shape == (2, 5, size, size)


@pytest.mark.parametrize("upsampling", UPSAMPLINGS)
def test_an_up_block_doubles_the_size(upsampling):
    assert UpBlock(6, 4, upsampling)(torch.rand(2, 6, 3, 5)).shape == (2, 4, 6, 10)


@pytest.mark.parametrize("upsampling", UPSAMPLINGS)
def test_pixels_are_not_limited(upsampling):
    pixels = ToPixels(6, 4, upsampling)(torch.rand(2, 6, 3, 5) * 1000)
    assert pixels.shape == (2, 3, 6, 10)


@pytest.mark.parametrize("upsampling", UPSAMPLINGS)
def test_no_convolution_has_a_bias_that_batch_norm_would_take_away(upsampling):
    parts = [
        module for module in UpBlock(6, 4, upsampling).modules() if not list(module.children())
    ]
    for part, after in zip(parts, parts[1:], strict=False):
        if isinstance(after, torch.nn.BatchNorm2d):
            assert part.bias is None


def test_folding_time_into_the_batch_and_back_copies_nothing():
    video = torch.rand(2, 3, 4, 5, 6)
    folded = fold_time(video)
    assert folded.shape == (6, 4, 5, 6)
    assert folded.data_ptr() == unfold_time(folded, 3).data_ptr() == video.data_ptr()
    assert_close(unfold_time(folded, 3), video)
