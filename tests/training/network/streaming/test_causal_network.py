"""OCR-GAN Video frame by frame."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from ocrgan_training.network.presets import CHOICES, NetworkConfig
from ocrgan_training.network.streaming.causal_network import CausalOcrGanVideo

TINY = NetworkConfig(frames=8, height=32, width=48, base_width=8, features=12)
VARIANTS = [
    *(
        replace(TINY, temporal=name)
        for name in CHOICES["temporal"]
        if name not in ("none", TINY.temporal)
    ),
    replace(TINY, hidden_frames=2),
    replace(TINY, channel_shuffle=False, local_discriminator=False),
    replace(TINY, discriminator="nlayer", attention_pool=1, patch=2),
    replace(TINY, height=36, width=52),
]


def network_of(config, dtype=torch.float64):
    torch.manual_seed(0)
    return CausalOcrGanVideo(config).eval().to(dtype)


def clip(config, frames, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (1, frames, 3, config.height, config.width)
    return torch.rand(shape, generator=generator, dtype=dtype) * 2 - 1


def walk(network, video, resets=frozenset()):
    """Stepped: rebuilt frames, attended features, logits, patches; each with its axis of time."""
    state, found = network.initial_state(len(video)), []
    for number, frame in enumerate(video.unbind(1)):
        if number in resets:
            state = network.initial_state(len(video))
        seen, state = network.step(frame, state)
        found.append((seen.rebuilt.fake, *seen.features, seen.patches))
    return [torch.stack(part, 1) for part in zip(*found, strict=True) if part[0] is not None]


def whole(network, video):
    """The same, all frames at once."""
    seen, _ = network.run(video, network.initial_state(len(video)))
    parts = (seen.rebuilt.fake, *seen.features, seen.patches)
    return [part for part in parts if part is not None]


@pytest.mark.parametrize(
    "config", [TINY, *(pytest.param(config, marks=pytest.mark.slow) for config in VARIANTS)]
)
@torch.no_grad()
def test_stepping_equals_the_windowed_form_in_every_variant(config):
    network, video = network_of(config), clip(config, 11)
    for stepped, expected in zip(walk(network, video), whole(network, video), strict=True):
        assert_close(stepped, expected, atol=1e-9, rtol=0)


@pytest.mark.slow
@given(
    frames=st.integers(1, 20),
    resets=st.sets(st.integers(1, 19), max_size=2),
    seed=st.integers(0, 1000),
)
@settings(max_examples=8, deadline=None)
@torch.no_grad()
def test_stepping_equals_the_windowed_form_for_all_lengths_and_resets(frames, resets, seed):
    network, video = network_of(TINY), clip(TINY, frames, seed=seed)
    cuts = sorted({0, frames, *(reset for reset in resets if reset < frames)})
    parts = [
        whole(network, video[:, start:end]) for start, end in zip(cuts, cuts[1:], strict=False)
    ]
    stepped = walk(network, video, resets)
    for found, expected in zip(stepped, zip(*parts, strict=True), strict=True):
        assert_close(found, torch.cat(expected, 1), atol=1e-9, rtol=0)


@pytest.mark.slow
@torch.no_grad()
def test_stepping_equals_the_windowed_form_in_single_precision():
    network, video = network_of(TINY, torch.float32), clip(TINY, 11, torch.float32)
    for stepped, expected in zip(walk(network, video), whole(network, video), strict=True):
        assert_close(stepped, expected, atol=1e-5, rtol=0)


@torch.no_grad()
def test_the_methods_of_the_windowed_network_are_the_windowed_face():
    network, video = network_of(TINY), clip(TINY, 11)
    fake, logits, raw, attended, patches = whole(network, video)
    rebuilt = network.reconstruct(video).fake
    assert_close(rebuilt, fake)
    judged = network.features(torch.cat((video, rebuilt)))
    for found, expected in zip(judged, (logits, raw, attended), strict=True):
        assert_close(found, expected)
    assert_close(network.patch_logits(video), patches[:, -1])


@pytest.mark.parametrize("hidden", [0, 2])
@torch.no_grad()
def test_a_rebuilt_frame_depends_on_frames_up_to_those_that_are_hidden(hidden):
    network = network_of(replace(TINY, hidden_frames=hidden))
    video = clip(TINY, 10)
    changed = video.clone()
    changed[:, 4] *= -1
    difference = network.reconstruct(changed).fake - network.reconstruct(video).fake
    seen = difference.abs().amax(dim=(0, 2, 3, 4)).nonzero().flatten().tolist()
    assert seen == list(range(4 + hidden, 10))


@pytest.mark.slow
@torch.no_grad()
def test_cameras_in_a_batch_do_not_see_each_other():
    network, video = network_of(TINY), torch.cat([clip(TINY, 9), clip(TINY, 9, seed=1)])
    both, one = walk(network, video)[0], walk(network, video[1:])[0]
    assert_close(both[1:], one, atol=1e-9, rtol=0)


def test_gradient_reaches_every_parameter():
    network, video = network_of(TINY, torch.float32).train(), clip(TINY, 10, torch.float32)
    rebuilt = network.reconstruct(video)
    features = network.features(rebuilt.fake)
    patches = network.patch_logits(rebuilt.fake)
    (features.logits.sum() + features.attended.square().sum() + patches.sum()).backward()
    assert [name for name, value in network.named_parameters() if value.grad is None] == []


def test_weights_are_saved_under_names_of_their_own():
    names = list(network_of(TINY).state_dict())
    assert len(names) == len(set(names))
    assert "feature_attention.attention.bias" in names
