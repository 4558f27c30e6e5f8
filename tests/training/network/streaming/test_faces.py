"""The two faces of every causal module: stepping through a clip is the windowed form."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from ocrgan_training.network.streaming.fusion import (
    CausalFeatureFusion,
    CausalTemporal3DConv,
    CausalTemporalPooling,
)
from ocrgan_training.network.streaming.mixers import (
    CausalEnhancedFusion,
    CausalHierarchicalAttention,
    CausalMultiScaleAttention,
    CausalTemporalAttention,
)
from ocrgan_training.network.streaming.recurrent import CausalConvLSTM
from ocrgan_training.network.streaming.state import named_tensors

T = 8
KINDS = {
    "attention": lambda: CausalTemporalAttention(8, T, heads=2),
    "attention on squares": lambda: CausalTemporalAttention(8, T, heads=2, pool=2, pooling=True),
    "multi-scale": lambda: CausalMultiScaleAttention(8, T, heads=2),
    "hierarchical": lambda: CausalHierarchicalAttention(8, T, heads=2, pool=2),
    "bottleneck": lambda: CausalEnhancedFusion(8, T, heads=2),
    "pooling": lambda: CausalTemporalPooling(8, T),
    "3-D convolution": lambda: CausalTemporal3DConv(8, 4),
    "ConvLSTM": lambda: CausalConvLSTM(8, 4),
    "summary": lambda: CausalFeatureFusion(8, T, 4, patch=1),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def made(kind, dtype=torch.float64):
    torch.manual_seed(1)
    return KINDS[kind]().eval().to(dtype)


def clip(frames, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, frames, 8, 4, 3, generator=generator, dtype=dtype)


@every_kind
@given(
    frames=st.integers(1, 3 * T),
    resets=st.sets(st.integers(1, 3 * T - 1), max_size=3),
    seed=st.integers(0, 1000),
)
@settings(max_examples=4, deadline=None)
@torch.no_grad()
def test_stepping_equals_the_windowed_form_for_all_lengths_and_resets(
    by_steps, by_parts, kind, frames, resets, seed
):
    module, video = made(kind), clip(frames, seed=seed)
    resets = {reset for reset in resets if reset < frames}
    expected = by_parts(module, video, resets)
    assert_close(by_steps(module, video, resets), expected, atol=1e-9, rtol=0)


@every_kind
@torch.no_grad()
def test_stepping_equals_the_windowed_form_in_single_precision(by_steps, kind):
    module, video = made(kind, torch.float32), clip(2 * T, torch.float32)
    assert_close(by_steps(module, video), module(video), atol=1e-5, rtol=0)


@every_kind
@given(cut=st.integers(1, 2 * T - 1))
@settings(max_examples=2, deadline=None)
@torch.no_grad()
def test_a_clip_can_be_run_in_pieces(kind, cut):
    module, video = made(kind), clip(2 * T)
    first, state = module.run(video[:, :cut], module.initial_state(2, (4, 3)))
    second, _ = module.run(video[:, cut:], state)
    assert_close(torch.cat((first, second), dim=1), module(video), atol=1e-9, rtol=0)


@every_kind
@torch.no_grad()
def test_no_frame_sees_a_later_one_and_the_present_one_is_seen(kind):
    module, video = made(kind), clip(2 * T)
    changed = video.clone()
    changed[:, T] += 1
    difference = (module(changed) - module(video)).abs().amax(dim=(0, 2, 3, 4))
    assert (difference[:T] == 0).all()
    assert difference[T] > 0
    assert difference[T + 1] > 0


@every_kind
@torch.no_grad()
def test_the_state_keeps_its_shapes_and_begins_as_zeros(kind):
    module = made(kind)
    state = module.initial_state(2, (4, 3))
    assert not any(tensor.any() for _, tensor in named_tensors(state))
    _, after = module.step(clip(1)[:, 0], state)
    shapes = {name: tensor.shape for name, tensor in named_tensors(state)}
    assert {name: tensor.shape for name, tensor in named_tensors(after)} == shapes


@every_kind
def test_gradient_reaches_every_parameter(kind):
    module = made(kind).train()
    module(clip(T)).square().sum().backward()
    assert [name for name, value in module.named_parameters() if not value.grad.any()] == []
