"""The local discriminator that looks at every frame once."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from ocrgan_edge.errors import SettingsError
from ocrgan_training.network.make_network import make_network
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.network.streaming.frame_patches import FramePatches

SIZE = (16, 24)
CAUSAL = NetworkConfig(
    frames=8, height=32, width=32, base_width=8, temporal="basic", causal=True, patches="frames"
)


def made() -> FramePatches:
    torch.manual_seed(1)
    return FramePatches(8, SIZE).eval().double()


def clip(frames: int) -> Tensor:
    random = torch.Generator().manual_seed(0)
    return torch.randn(2, frames, 3, *SIZE, generator=random, dtype=torch.float64)


@given(frames=st.integers(1, 14), cut=st.integers(0, 14))
@settings(max_examples=5, deadline=None)
@torch.no_grad()
def test_a_clip_can_be_run_in_pieces(frames: int, cut: int) -> None:
    module, video = made(), clip(frames)
    state = module.initial_state(2, SIZE)
    whole, _ = module.run(video, state)
    found = []
    for part in (video[:, :cut], video[:, cut:]):
        if part.shape[1]:
            logits, state = module.run(part, state)
            found.append(logits)
    assert_close(torch.cat(found, dim=1), whole, atol=1e-9, rtol=0)


@torch.no_grad()
def test_what_it_is_trained_on_is_what_it_says_of_the_newest_frame() -> None:
    module, video = made(), clip(11)
    stepped, _ = module.run(video, module.initial_state(2, SIZE))
    assert stepped.shape == (2, 11, 4, 6)
    assert_close(module(video), stepped[:, -1], atol=1e-9, rtol=0)


@torch.no_grad()
def test_it_sees_eight_frames() -> None:
    module, video = made(), clip(12)
    seen = []
    for age in range(12):
        changed = video.clone()
        changed[:, 11 - age] += 1
        seen.append(not torch.equal(module(changed), module(video)))
    assert seen == [True] * 8 + [False] * 4


def test_fewer_than_eight_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="7 frames, wanted at least 8"):
        made()(clip(7))


def test_gradient_reaches_every_parameter() -> None:
    module = made().train()
    module(clip(8)).square().sum().backward()
    assert [name for name, value in module.named_parameters() if not value.grad.any()] == []


def test_only_a_network_that_steps_can_keep_what_it_saw() -> None:
    assert isinstance(make_network(CAUSAL).local_discriminator, FramePatches)
    with pytest.raises(SettingsError, match="patches is frames, wanted stack or slim"):
        replace(CAUSAL, causal=False)


@torch.no_grad()
def test_the_network_steps_with_it_as_it_runs() -> None:
    network = make_network(CAUSAL).eval()
    video = torch.rand(1, 10, 3, 32, 32) * 2 - 1
    whole, _ = network.run(video, network.initial_state())
    state = network.initial_state()
    for frame in video.unbind(1):
        seen, state = network.step(frame, state)
    assert_close(seen.patches, whole.patches[:, -1], atol=1e-5, rtol=1e-5)
