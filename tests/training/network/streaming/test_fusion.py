"""Pooling over the past and 3-D convolution over it."""

import torch
from torch.testing import assert_close

from ocrgan_training.network.fusion import AdaptiveTemporalPooling, Temporal3DConv
from ocrgan_training.network.streaming.fusion import (
    CausalFeatureFusion,
    CausalTemporal3DConv,
    CausalTemporalPooling,
)


@torch.no_grad()
def test_pooling_of_the_last_t_frames_is_the_windowed_pooling_of_these():
    causal, windowed = CausalTemporalPooling(6, 4), AdaptiveTemporalPooling(6)
    windowed.load_state_dict(causal.pooling.state_dict())
    video = torch.randn(2, 9, 6, 2, 3)
    found = causal(video)
    for number in range(9):
        window = video[:, max(0, number - 3) : number + 1]
        assert_close(found[:, number], windowed(window))


@torch.no_grad()
def test_3_d_convolution_of_every_4_frames_is_the_windowed_one_of_a_group():
    causal = CausalTemporal3DConv(6, 3).eval()
    windowed = Temporal3DConv(6, 3).eval()
    windowed.load_state_dict(causal.convolution.state_dict())
    video = torch.randn(2, 9, 6, 4, 4)
    found = causal(video)
    for number in range(3, 9):
        assert_close(found[:, number], windowed(video[:, number - 3 : number + 1]))


@torch.no_grad()
def test_every_frame_has_a_summary_of_its_own():
    fusion = CausalFeatureFusion(3, 8, 8).eval()
    video = torch.randn(1, 1, 3, 8, 12).expand(1, 6, 3, 8, 12)
    summary = fusion(video)
    assert summary.shape == (1, 6, 3, 8, 12)
    assert not torch.allclose(summary[:, 0], summary[:, 5], atol=1e-6)  # a longer past
