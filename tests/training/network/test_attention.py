"""The temporal attention family."""

import logging

import pytest
import torch
from torch.testing import assert_close

from ocrgan_training.network.attention import (
    AttentionOverTime,
    HierarchicalTemporalAttention,
    MultiScaleTemporalAttention,
    TemporalAttention,
    every_nth,
    repeat_in_time,
)

FAMILY = [TemporalAttention, MultiScaleTemporalAttention, HierarchicalTemporalAttention]


@pytest.mark.parametrize("kind", FAMILY)
@pytest.mark.parametrize("frames", [8, 12, 16, 20, 24])
@pytest.mark.parametrize("pool", [1, 2])
def test_the_result_has_the_videos_shape(kind, frames, pool):
    video = torch.rand(2, frames, 16, 3, 5)
    assert kind(16, frames, pool=pool)(video).shape == video.shape


@pytest.mark.parametrize("kind", FAMILY)
def test_gradient_reaches_every_parameter_and_every_frame(kind):
    module, video = kind(16, 8), torch.rand(2, 8, 16, 2, 2, requires_grad=True)
    module(video).square().sum().backward()
    assert video.grad is not None
    assert (video.grad.abs().amax(dim=(0, 2, 3, 4)) > 0).all()
    assert [name for name, value in module.named_parameters() if not value.grad.any()] == []


@pytest.mark.parametrize("kind", FAMILY)
def test_a_place_sees_nothing_but_itself(kind):
    module, video = kind(16, 8).eval(), torch.rand(1, 8, 16, 4, 4)
    changed = video.clone()
    changed[..., 1, 2] += 1
    difference = (module(changed) - module(video)).abs().amax(dim=(0, 1, 2))
    assert difference.nonzero().tolist() == [[1, 2]]


@pytest.mark.parametrize("kind", FAMILY)
def test_a_changed_frame_is_seen_by_all_frames(kind):
    module, video = kind(16, 8).eval(), torch.rand(1, 8, 16, 1, 1)
    changed = video.clone()
    changed[:, 7] += 1
    assert ((module(changed) - module(video)).abs().amax(dim=(0, 2, 3, 4)) > 0).all()


@pytest.mark.parametrize("kind", FAMILY)
def test_scoring_is_repeatable_and_training_drops_out(kind):
    module, video = kind(16, 8), torch.rand(1, 8, 16, 2, 2)
    assert not torch.equal(module(video), module(video))
    module.eval()
    assert torch.equal(module(video), module(video))


def test_weights_have_a_row_per_place_head_and_frame_and_sum_to_1():
    attention = TemporalAttention(64, 12)
    weights = attention.weights(torch.rand(2, 12, 64, 3, 2))
    assert weights.shape == (2 * 3 * 2, 8, 12, 12)
    assert_close(weights.sum(dim=-1), torch.ones(12, 8, 12))


@pytest.mark.parametrize("pool", [1, 2])
def test_newest_is_the_last_row_of_every_matrix_of_weights(pool):
    attention, video = TemporalAttention(64, 12, pool=pool), torch.rand(2, 12, 64, 4, 2)
    assert_close(attention.newest(video), attention.weights(video)[:, :, -1])


def test_a_still_video_gives_uniform_attention_up_to_positions():
    attention = TemporalAttention(16, 8)
    still = torch.rand(1, 1, 16, 2, 2).expand(1, 8, 16, 2, 2)
    assert not torch.allclose(attention.weights(still), torch.tensor(1 / 8), atol=1e-4)
    torch.nn.init.zeros_(attention.attention.position)
    assert_close(attention.weights(still), torch.full((4, 8, 8, 8), 1 / 8))


def test_attention_by_hand():
    attention = AttentionOverTime(1, 2, heads=1)
    with torch.no_grad():
        attention.position.zero_()
        attention.queries_keys_values.weight.fill_(1)
        attention.queries_keys_values.bias.zero_()
    first, second = 0.0, 1.0
    gathered, weights = attention.eval().attend(torch.tensor([[[first], [second]]]))
    # the first frame's query is 0 and weighs all alike; the second compares 0 with 1
    e = torch.e
    assert_close(weights[0, 0], torch.tensor([[0.5, 0.5], [1 / (1 + e), e / (1 + e)]]))
    assert_close(gathered[0, :, 0], torch.tensor([0.5, e / (1 + e)]))


@pytest.mark.parametrize(("channels", "heads"), [(64, 8), (100, 5), (16, 8), (7, 7), (11, 1)])
def test_heads_are_the_largest_divisor_up_to_8(channels, heads):
    assert TemporalAttention(channels, 8).heads == heads


def test_the_constructor_says_when_it_takes_fewer_heads(caplog):
    with caplog.at_level(logging.INFO):
        AttentionOverTime(64, 8)
        assert caplog.messages == []
        AttentionOverTime(100, 8)
    assert caplog.messages == ["attention over 100 channels: 5 heads instead of 8"]


def test_positions_are_counted_from_the_newest_frame():
    attention = TemporalAttention(8, 16)
    attention(torch.rand(1, 12, 8, 1, 1)).sum().backward()
    used = attention.attention.position.grad.abs().sum(dim=1) > 0
    assert used.tolist() == [False] * 4 + [True] * 12


def test_a_window_longer_than_the_positions_is_refused():
    with pytest.raises(ValueError, match="12 frames, wanted at most 8"):
        TemporalAttention(8, 8)(torch.rand(1, 12, 8, 1, 1))


@pytest.mark.parametrize(
    ("time", "scale", "seen"),
    [(8, 2, [1, 3, 5, 7]), (8, 4, [3, 7]), (6, 4, [1, 5]), (3, 1, [0, 1, 2])],
)
def test_every_nth_frame_is_counted_back_from_the_newest(time, scale, seen):
    tokens = torch.arange(float(time)).reshape(1, time, 1)
    assert every_nth(tokens, scale).flatten().tolist() == seen


@pytest.mark.parametrize(
    ("time", "scale", "standing"), [(4, 2, [1, 1, 3, 3]), (6, 4, [1, 1, 5, 5, 5, 5])]
)
def test_a_coarse_frame_stands_for_itself_and_those_before_it(time, scale, standing):
    tokens = torch.arange(float(time)).reshape(1, time, 1)
    repeated = repeat_in_time(every_nth(tokens, scale), scale, time)
    assert repeated.flatten().tolist() == standing


@pytest.mark.parametrize(("scale", "unseen"), [(2, 6), (4, 5)])
def test_a_coarse_scale_does_not_see_the_frames_it_leaves_out(scale, unseen):
    attention = MultiScaleTemporalAttention(8, 8).eval()
    columns = attention.fuse.weight.detach().reshape(8, 3, 8)
    with torch.no_grad():
        for index, other in enumerate(attention.scales):
            columns[:, index] *= other == scale
    tokens = torch.rand(2, 8, 8)
    changed = tokens.clone()
    changed[:, unseen] += 1
    assert torch.equal(attention.mix(changed), attention.mix(tokens))
    changed[:, 7] += 1
    assert not torch.equal(attention.mix(changed), attention.mix(tokens))


def test_groups_do_not_mix_at_the_sequence_level():
    attention = HierarchicalTemporalAttention(8, 12).eval()
    tokens = torch.rand(1, 12, 8)
    changed = tokens.clone()
    changed[:, 5] += 1
    difference = attention.within_groups(changed) - attention.within_groups(tokens)
    assert (difference.abs().amax(dim=(0, 2)) > 0).tolist() == [False] * 4 + [True] * 4 + [
        False
    ] * 4


def test_the_frame_level_has_no_operation_over_time():
    attention = HierarchicalTemporalAttention(8, 8).eval()
    tokens, order = torch.rand(1, 8, 8), torch.randperm(8)
    assert_close(attention.frame(tokens[:, order]), attention.frame(tokens)[:, order])


def test_frames_that_do_not_make_whole_groups_are_refused():
    with pytest.raises(ValueError, match="6 frames, wanted a multiple of 4"):
        HierarchicalTemporalAttention(8, 8)(torch.rand(1, 6, 8, 1, 1))
