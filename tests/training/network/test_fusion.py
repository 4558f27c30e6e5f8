"""Pooling over time, 3-D convolution, and the two fusions."""

from math import log

import pytest
import torch
from torch.testing import assert_close

from ocrgan_training.network.fusion import (
    AdaptiveTemporalPooling,
    EnhancedTemporalFusion,
    Temporal3DConv,
    TemporalFeatureFusion,
)
from ocrgan_training.network.places import to_places

SUMMARIES = {
    "pooling": (AdaptiveTemporalPooling(3), 3),
    "3-D convolution": (Temporal3DConv(3, 8), 8),
    "feature fusion": (TemporalFeatureFusion(3, 12, 8), 3),
}


def without_gradient(module: torch.nn.Module) -> list[str]:
    return [name for name, value in module.named_parameters() if not value.grad.any()]


@pytest.mark.parametrize("name", SUMMARIES)
def test_a_summary_has_no_time(name):
    module, channels = SUMMARIES[name]
    assert module(torch.rand(2, 12, 3, 8, 12)).shape == (2, channels, 8, 12)


@pytest.mark.parametrize("name", SUMMARIES)
def test_a_summary_comes_from_every_frame_and_every_parameter(name):
    module, _ = SUMMARIES[name]
    video = torch.rand(2, 12, 3, 8, 12, requires_grad=True)
    module(video).square().sum().backward()
    assert (video.grad.abs().amax(dim=(0, 2, 3, 4)) > 0).all()
    assert without_gradient(module) == []


def test_pooling_equal_frames_returns_the_frame():
    frame = torch.rand(1, 1, 4, 3, 3)
    assert_close(AdaptiveTemporalPooling(4)(frame.expand(1, 6, 4, 3, 3)), frame[:, 0])


def test_pooling_by_hand():
    pooling = AdaptiveTemporalPooling(1)
    torch.nn.init.ones_(pooling.importance.weight)
    video = torch.tensor([0.0, log(3)]).reshape(1, 2, 1, 1, 1)
    # weights e⁰ : e^ln 3 = 1 : 3
    assert_close(pooling.weights(to_places(video)).flatten(), torch.tensor([0.25, 0.75]))
    assert_close(pooling(video).item(), 0.75 * log(3))


def test_pooling_weights_sum_to_1_at_every_place():
    weights = AdaptiveTemporalPooling(4).weights(torch.randn(10, 7, 4))
    assert_close(weights.sum(dim=1), torch.ones(10, 1))


def test_3d_convolution_sees_neighbours_in_space_and_the_order_in_time():
    convolution = Temporal3DConv(1, 4).eval()
    video = torch.rand(1, 8, 1, 5, 5)
    changed = video.clone()
    changed[:, 2, :, 2, 2] += 1
    difference = (convolution(changed) - convolution(video)).abs().amax(dim=(0, 1))
    assert (difference > 0).nonzero().amin(dim=0).tolist() == [1, 1]
    assert (difference > 0).nonzero().amax(dim=0).tolist() == [3, 3]
    assert not torch.allclose(convolution(video), convolution(video.flip(1)), atol=1e-4)


@pytest.mark.parametrize("patch", [1, 2, 4, 8])
def test_feature_fusion_gives_back_every_pixel_of_a_patch(patch):
    fusion = TemporalFeatureFusion(3, 8, 8, patch).eval()
    summary = fusion(torch.rand(1, 8, 3, 16, 24))
    assert summary.shape == (1, 3, 16, 24)
    if patch > 1:
        assert summary[..., :patch, :patch].std() > 0


@pytest.mark.parametrize("frames", [8, 12, 16, 20, 24])
def test_enhanced_fusion_keeps_the_shape_and_uses_all_it_has(frames):
    fusion, video = EnhancedTemporalFusion(16, frames), torch.rand(2, frames, 16, 2, 3)
    fused = fusion(video)
    assert fused.shape == video.shape
    fused.square().sum().backward()
    assert without_gradient(fusion) == []


def test_enhanced_fusion_gives_every_frame_the_same_context():
    fusion = EnhancedTemporalFusion(16, 8).eval()
    torch.nn.init.zeros_(fusion.fuse.weight)
    found = fusion.mix(torch.rand(3, 8, 16))
    assert_close(found, found[:, :1].expand(3, 8, 16))
    assert found.std() > 0


def test_3d_convolution_refuses_frames_that_do_not_make_whole_groups():
    with pytest.raises(ValueError, match="6 frames, wanted a multiple of 4"):
        Temporal3DConv(1, 1)(torch.rand(1, 6, 1, 2, 2))
