"""Attention over the last T frames, which are kept as keys and values."""

import torch
from torch.testing import assert_close

from ocrgan_training.network.streaming.attention import CausalAttention
from ocrgan_training.network.streaming.mixers import (
    CausalHierarchicalAttention,
    CausalMultiScaleAttention,
    CausalTemporalAttention,
    dilated,
    nested,
)

T = 8


def looked_at_by_definition(attention, tokens, reaches):
    """Every frame, branch and head by itself: softmax over ages of q·k plus the age's bias."""
    size, count = attention.size, attention.heads
    queries = attention.queries(tokens)
    keys, values = attention.keys_values(tokens).split(size, dim=-1)
    found = torch.zeros(*tokens.shape[:2], len(reaches) * count * size, dtype=tokens.dtype)
    for now in range(tokens.shape[1]):
        for row in range(len(reaches) * count):
            ages = [age for age in reaches[row // count] if age <= now]
            part = slice(row * size, (row + 1) * size)
            logits = torch.stack(
                [
                    (queries[:, now, part] * keys[:, now - age]).sum(-1)
                    + attention.bias[row, T - 1 - age]
                    for age in ages
                ]
            )
            weights = torch.softmax(logits, dim=0)
            looked = torch.stack([values[:, now - age] for age in ages])
            found[:, now, part] = (weights[..., None] * looked).sum(0)
    return found


@torch.no_grad()
def test_attention_is_what_its_definition_says():
    reaches = [*dilated(T), *nested(T)]
    attention = CausalAttention(6, reaches, heads=3).eval().double()
    tokens = torch.randn(2, 2 * T + 3, 6, dtype=torch.float64)
    found, _ = attention.run(tokens, attention.empty(2))
    assert_close(found, looked_at_by_definition(attention, tokens, reaches))


def test_the_ages_of_scales_and_levels_by_hand():
    assert [list(ages) for ages in dilated(8)] == [
        [0, 1, 2, 3, 4, 5, 6, 7],
        [0, 2, 4, 6],
        [0, 4],
    ]
    assert [list(ages) for ages in nested(8)] == [[0, 1, 2, 3], [0, 1, 2, 3, 4, 5, 6, 7]]


def seen_after(module, changed_at, branch):
    """The frames (counted from the changed one) in which a branch notices a change."""
    weight = torch.zeros(2, 2 * T, module.attention.width)
    tokens = torch.randn(2, 2 * T, 8)
    changed = tokens.clone()
    changed[:, changed_at] += 1
    with torch.no_grad():
        module.eval()
        for sign, clip in ((1, changed), (-1, tokens)):
            weight += sign * module.attention.run(clip, module.attention.empty(2))[0]
    part = weight.unflatten(-1, (-1, 8))[:, :, branch].abs().amax(dim=(0, 2))
    return [frame - changed_at for frame in part.nonzero().flatten().tolist()]


def test_a_dilated_window_sees_every_nth_frame_back():
    module = CausalMultiScaleAttention(8, T, heads=2)
    assert seen_after(module, 4, branch=0) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert seen_after(module, 4, branch=1) == [0, 2, 4, 6]
    assert seen_after(module, 4, branch=2) == [0, 4]


def test_the_sequence_level_sees_4_frames_and_the_snippet_level_all():
    module = CausalHierarchicalAttention(8, T, heads=2)
    assert seen_after(module, 4, branch=0) == [0, 1, 2, 3]
    assert seen_after(module, 4, branch=1) == [0, 1, 2, 3, 4, 5, 6, 7]


@torch.no_grad()
def test_a_frame_does_not_depend_on_the_time_of_day():
    module = CausalMultiScaleAttention(8, T, heads=2).eval().double()
    video = torch.randn(1, 3 * T, 8, 1, 1, dtype=torch.float64)
    late, early = module(video)[:, -1], module(video[:, -T:])[:, -1]
    assert_close(late, early)


@torch.no_grad()
def test_weights_sum_to_1_also_where_less_than_t_frames_were_seen():
    module = CausalTemporalAttention(8, T, heads=2).eval()
    weights = module.weights(torch.randn(2, 2 * T, 8, 3, 1))
    assert weights.shape == (2 * 3, 2, 2 * T, 2 * T)
    assert_close(weights.sum(-1), torch.ones(6, 2, 2 * T))
    assert not weights.triu(1).any()
    assert not weights.tril(-T).any()
    assert (weights[:, :, 0, 0] == 1).all()


@torch.no_grad()
def test_where_a_frame_looks_is_known_before_it_is_stepped():
    module = CausalTemporalAttention(8, T, heads=2).eval()
    video = torch.randn(2, T, 8, 3, 1)
    state = module.run(video[:, :-1], module.initial_state(2, (3, 1)))[1]
    assert_close(module.looks(video[:, -1], state), module.newest(video))


@torch.no_grad()
def test_the_pooled_row_is_a_mean_that_does_not_depend_on_the_frame_that_asks():
    attention = CausalAttention(8, [range(T)], heads=2, pooling=True).eval()
    tokens = torch.randn(2, T, 8)
    _, weights, _ = attention.attend(tokens, attention.empty(2))
    pooled = weights[:, -1, -1, T - 1 :]
    keys = attention.keys_values(tokens)[..., : attention.size]
    by_hand = torch.softmax(keys @ attention.pool_query.flatten(), dim=-1)
    assert_close(pooled, by_hand)
    assert_close(pooled.sum(-1), torch.ones(2))


def test_all_heads_share_one_key_and_value_per_frame():
    memory = CausalTemporalAttention(64, 16, heads=4).initial_state(2, (5, 6))
    assert memory.keys.shape == memory.values.shape == (2 * 5 * 6, 15, 16)
