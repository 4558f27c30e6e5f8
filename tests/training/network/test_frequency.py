"""Omni-frequency decomposition."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from ocrgan_training.network.frequency import decompose


def test_one_bright_pixel_by_hand():
    video = torch.zeros(1, 1, 1, 3, 3)
    video[..., 1, 1] = 16
    laplacian, residual = decompose(video)
    assert laplacian[0, 0, 0].tolist() == [[-1, -2, -1], [-2, 12, -2], [-1, -2, -1]]
    assert residual[0, 0, 0].tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]


def test_laplacian_of_a_constant_is_0_up_to_the_border():
    laplacian, _ = decompose(torch.full((1, 2, 3, 5, 7), 0.7))
    assert_close(laplacian, torch.zeros(1, 2, 3, 5, 7), atol=1e-6, rtol=0)


@settings(max_examples=20, deadline=None)
@given(
    st.integers(1, 2), st.integers(1, 5), st.integers(1, 9), st.integers(1, 9), st.integers(0, 99)
)
def test_both_streams_add_up_to_the_video(batch, time, height, width, seed):
    generator = torch.Generator().manual_seed(seed)
    video = torch.rand((batch, time, 3, height, width), generator=generator) * 2 - 1
    laplacian, residual = decompose(video)
    assert laplacian.shape == residual.shape == video.shape
    assert_close(laplacian + residual, video, atol=1e-6, rtol=0)


def test_edges_go_to_the_laplacian_and_shapes_to_the_residual():
    columns = torch.arange(8.0)
    checkers = torch.where((columns[:, None] + columns) % 2 == 0, 1.0, -1.0)
    shape = torch.cos(columns / 8)[:, None].expand(8, 8)
    fine, smooth = (decompose(plane.reshape(1, 1, 1, 8, 8)) for plane in (checkers, shape))
    assert_close(fine.residual[..., 1:-1, 1:-1], torch.zeros(1, 1, 1, 6, 6))
    assert smooth.laplacian.abs().max() < 0.04 < smooth.residual.abs().min()


def test_colours_and_frames_do_not_mix():
    video = torch.rand(2, 3, 3, 6, 6)
    whole = decompose(video).laplacian
    alone = decompose(video[1:, 2:, 1:2]).laplacian
    assert_close(whole[1:, 2:, 1:2], alone)
