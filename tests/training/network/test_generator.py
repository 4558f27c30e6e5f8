"""The generator."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from ocrgan_training.network.attention import (
    HierarchicalTemporalAttention,
    MultiScaleTemporalAttention,
    TemporalAttention,
)
from ocrgan_training.network.generator import Encoder, Generator, attention_heads
from ocrgan_training.network.presets import NetworkConfig

TINY = NetworkConfig(frames=8, height=32, width=32, base_width=8)


def streams(config: NetworkConfig = TINY, batch: int = 1) -> tuple[Tensor, Tensor]:
    shape = (batch, config.frames, 3, config.height, config.width)
    return torch.rand(shape) - 0.5, torch.rand(shape) * 2 - 1


def test_the_encoder_halves_the_size_at_every_level():
    found = Encoder((8, 16, 32))(torch.rand(2, 3, 32, 48))
    assert [tuple(level.shape[1:]) for level in found] == [(8, 16, 24), (16, 8, 12), (32, 4, 6)]


@pytest.mark.parametrize(
    ("temporal", "kinds"),
    [
        ("none", []),
        ("basic", [TemporalAttention] * 3),
        ("multi-scale", [MultiScaleTemporalAttention, TemporalAttention, TemporalAttention]),
        ("hierarchical", [MultiScaleTemporalAttention] + [HierarchicalTemporalAttention] * 2),
        ("full", [MultiScaleTemporalAttention] + [HierarchicalTemporalAttention] * 2),
    ],
)
def test_each_step_of_the_ablation_has_its_own_modules_over_time(temporal, kinds):
    generator = Generator(NetworkConfig(base_width=8, temporal=temporal))
    assert [type(attention) for attention in generator.attentions] == kinds
    assert (generator.summary is not None) == (temporal == "full")
    assert (generator.bottleneck is not None) == (temporal == "full")
    assert all((shuffle.context is None) == (temporal == "none") for shuffle in generator.shuffles)


def test_without_modules_over_time_permuted_frames_give_permuted_results():
    generator = Generator(replace(TINY, temporal="none")).eval()
    laplacian, residual = streams()
    order = torch.randperm(8)
    expected = generator(laplacian, residual)
    found = generator(laplacian[:, order], residual[:, order])
    assert_close(found.laplacian, expected.laplacian[:, order])
    assert_close(found.residual, expected.residual[:, order])


@pytest.mark.parametrize("temporal", ["basic", "multi-scale", "hierarchical", "full"])
def test_with_modules_over_time_the_oldest_frame_reaches_the_newest(temporal):
    generator = Generator(replace(TINY, temporal=temporal)).eval()
    laplacian, residual = streams()
    changed = residual.clone()
    changed[:, 0] *= -1
    difference = generator(laplacian, changed).residual - generator(laplacian, residual).residual
    assert difference[:, 7].abs().max() > 0


@pytest.mark.parametrize("hidden", [1, 4])
def test_hidden_frames_do_not_change_the_reconstruction(hidden):
    generator = Generator(replace(TINY, hidden_frames=hidden)).eval()
    laplacian, residual = streams()
    expected = generator(laplacian, residual)
    others = [part.clone() for part in (laplacian, residual)]
    for part in others:
        part[:, -hidden:] = torch.rand_like(part[:, -hidden:])
    found = generator(*others)
    assert torch.equal(found.laplacian, expected.laplacian)
    assert torch.equal(found.residual, expected.residual)
    others[0][:, -hidden - 1] += 1
    assert not torch.equal(generator(*others).laplacian, expected.laplacian)


def test_hidden_frames_are_predicted_each_by_itself():
    generator = Generator(replace(TINY, hidden_frames=4)).eval()
    rebuilt = generator(*streams()).residual
    assert not torch.allclose(rebuilt[:, -1], rebuilt[:, -2], atol=1e-6)


def test_noise_comes_from_the_generator_given_and_from_nowhere_else():
    generator, (laplacian, residual) = Generator(TINY).eval(), streams()

    def rebuilt(seed: int, noise: float) -> Tensor:
        rng = [torch.Generator().manual_seed(seed + place) for place in range(len(laplacian))]
        result: Tensor = generator(laplacian, residual, noise, rng).residual
        return result

    assert torch.equal(rebuilt(1, 0.3), rebuilt(1, 0.3))
    assert not torch.equal(rebuilt(1, 0.3), rebuilt(2, 0.3))
    assert torch.equal(rebuilt(1, 0.0), generator(laplacian, residual).residual)


def test_the_shuffles_weights_are_told_for_every_skip():
    weights = Generator(NetworkConfig(frames=8, base_width=8))(*streams(), 0.0).weights
    assert [tuple(weight.shape) for weight in weights] == [(1, 8, 8), (1, 8, 16), (1, 8, 32)]
    assert Generator(replace(TINY, channel_shuffle=False))(*streams()).weights == []


@pytest.mark.parametrize("upsampling", ["resize", "subpixel", "transposed"])
def test_sizes_that_do_not_halve_evenly_come_back_whole(upsampling):
    config = replace(TINY, height=36, width=52, upsampling=upsampling)
    laplacian, residual = streams(config)
    assert Generator(config)(laplacian, residual).laplacian.shape == laplacian.shape


@pytest.mark.parametrize(("channels", "heads"), [(8, 1), (16, 2), (32, 4), (64, 8), (512, 8)])
def test_a_head_has_at_least_8_channels(channels, heads):
    assert attention_heads(channels) == heads


def test_inner_skips_look_at_pooled_places_and_the_outermost_at_larger_ones():
    pools = [attention.pool for attention in Generator(NetworkConfig(base_width=8)).attentions]
    assert pools == [4, 2, 2]
    every_pixel = Generator(NetworkConfig(base_width=8, attention_pool=1))
    assert [attention.pool for attention in every_pixel.attentions] == [1, 1, 1]
