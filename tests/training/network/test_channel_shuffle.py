"""Channel shuffle."""

import pytest
import torch
from torch.testing import assert_close

from ocrgan_training.network.channel_shuffle import ChannelShuffle


def streams(batch: int = 2, time: int = 8, channels: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    shape = (batch, time, channels, 3, 4)
    return torch.rand(shape) + 0.1, torch.rand(shape) + 0.1


@pytest.mark.parametrize("temporal", [True, False])
def test_both_weights_sum_to_1_per_frame_and_channel(temporal):
    laplacian, residual = streams()
    shuffled = ChannelShuffle(16, temporal=temporal)(laplacian, residual)
    assert shuffled.weight.shape == (2, 8, 16)
    assert ((shuffled.weight > 0) & (shuffled.weight < 1)).all()
    weights = shuffled.laplacian / laplacian + shuffled.residual / residual
    assert_close(weights, torch.ones_like(weights))


def test_the_weight_is_the_softmax_over_the_two_streams():
    shuffle, (laplacian, residual) = ChannelShuffle(16, temporal=False), streams()
    reduced = shuffle.reduce((laplacian + residual).mean(dim=(-2, -1))).relu()
    both = torch.stack((shuffle.to_laplacian(reduced), shuffle.to_residual(reduced)))
    assert_close(shuffle.weight(laplacian, residual), torch.softmax(both, dim=0)[0])


def test_heads_that_agree_halve_both_streams():
    shuffle, (laplacian, residual) = ChannelShuffle(16), streams()
    shuffle.to_residual.load_state_dict(shuffle.to_laplacian.state_dict())
    shuffled = shuffle(laplacian, residual)
    assert_close(shuffled.laplacian, laplacian / 2)
    assert_close(shuffled.residual, residual / 2)


def test_a_frames_weights_depend_on_itself_and_the_two_frames_before():
    shuffle, (laplacian, residual) = ChannelShuffle(16), streams(batch=1)
    changed = laplacian.clone()
    changed[:, 3] += 1
    difference = shuffle.weight(changed, residual) - shuffle.weight(laplacian, residual)
    seen = difference.abs().amax(dim=(0, 2)) > 1e-7
    assert seen.tolist() == [False, False, False, True, True, True, False, False]


def test_without_context_frames_do_not_know_each_other():
    shuffle, (laplacian, residual) = ChannelShuffle(16, temporal=False), streams()
    order = torch.randperm(8)
    expected = shuffle.weight(laplacian, residual)[:, order]
    assert_close(shuffle.weight(laplacian[:, order], residual[:, order]), expected)


def test_the_reduction_is_never_narrower_than_32():
    assert ChannelShuffle(16).reduce.out_features == 32
    assert ChannelShuffle(128).reduce.out_features == 64


def test_gradient_reaches_every_parameter():
    shuffle = ChannelShuffle(32)
    shuffle(*streams(channels=32)).laplacian.square().sum().backward()
    assert [name for name, value in shuffle.named_parameters() if not value.grad.any()] == []
