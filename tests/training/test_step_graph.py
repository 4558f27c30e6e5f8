"""The step graph: a window's scoring, one frame at a time."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from ocrgan_edge.errors import SettingsError
from ocrgan_training.fused_graph import FusedGraph, to_video
from ocrgan_training.graph_of import graph_of
from ocrgan_training.network.make_network import make_network
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.network.streaming.state import named_tensors
from ocrgan_training.step_graph import StepGraph

TINY = NetworkConfig(
    frames=8,
    height=32,
    width=32,
    base_width=8,
    features=16,
    temporal="basic",
    hidden_frames=1,
    causal=True,
)
NEUTRAL = torch.zeros(5, 8, 8), torch.ones(5, 8, 8)


def graph(config: NetworkConfig = TINY) -> StepGraph:
    torch.manual_seed(1)
    return StepGraph(make_network(config))


def clip(frames: int) -> Tensor:
    random = torch.Generator().manual_seed(2)
    shape = (1, frames, 32, 32, 3)
    return torch.randint(0, 256, shape, generator=random, dtype=torch.uint8)


def from_nothing(frames: Tensor) -> Tensor:
    """As `warmed_up` shows them: the first T backwards, then all."""
    return torch.cat([frames[:, 1 : TINY.frames].flip(1), frames], dim=1)


def by_calls(module: StepGraph, frames: Tensor) -> dict[str, Tensor]:
    """What the graph tells of the last frame, called with one after the other."""
    inputs = module.example() | {"location_mean": NEUTRAL[0], "location_scale": NEUTRAL[1]}
    told: dict[str, Tensor] = {}
    for frame in frames.unbind(1):
        inputs["frames"] = frame[:, None]
        told = dict(zip(module.outputs, module(*inputs.values()), strict=True))
        inputs |= {name: told[name.replace("state.", "next.", 1)] for name in list(inputs)[3:]}
    return told


@pytest.mark.slow
@given(frames=st.integers(1, 20))
@settings(max_examples=4, deadline=None)
@torch.no_grad()
def test_frame_by_frame_is_the_same_as_all_frames_at_once(frames: int) -> None:
    module, video = graph(), clip(frames)
    told, expected = by_calls(module, from_nothing(video)), module.over(video, *NEUTRAL)
    for name, value in expected._asdict().items():
        assert_close(told[name], value, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_terms_are_those_of_the_newest_frames_but_patches_of_the_newest_alone() -> None:
    module, video = graph(), to_video(from_nothing(clip(12)))
    found, _ = module.run(video, module.initial_state())
    terms = module.over(clip(12), *NEUTRAL).terms
    assert terms.shape == (5, 4, 8, 8)
    assert_close(terms[:4], found.terms[:, -4:])
    assert_close(terms[4], found.evidence[-1].expand(4, -1, -1))


@torch.no_grad()
def test_motion_is_the_change_of_the_error() -> None:
    module, video = graph(), to_video(clip(6))
    found, after = module.run(video, module.initial_state())
    rebuilt = module.network.reconstruct(video).fake
    error = (video - rebuilt)[0]
    expected = (error[-1] - error[-2]).square().mean(0)[6:14, 6:14].mean()
    assert_close(found.terms[2, -1, 2, 2], expected)
    assert_close(after.error[0], error[-1])


@torch.no_grad()
def test_the_score_is_of_the_newest_frames_whatever_the_statistics_were_before() -> None:
    """Raw terms are kept, not scores: other statistics hold for all frames at once."""
    module, frames = graph(), clip(12)
    mean, scale = torch.full((5, 8, 8), 0.1), torch.full((5, 8, 8), 0.5)
    state = module.run(to_video(frames[:, :-1]), module.initial_state())[1]
    told, _ = module.step(to_video(frames[:, -1:]), state, (mean, scale))
    assert_close(told.score, module.over(frames, mean, scale).score)


def test_nothing_is_known_at_first() -> None:
    state = graph().initial_state()
    assert not any(tensor.any() for _, tensor in named_tensors(state))


@torch.no_grad()
def test_where_one_frame_is_a_score_no_terms_are_kept() -> None:
    module = graph(replace(TINY, recent=1))
    assert not any(name.startswith("next.terms") for name in module.outputs)
    assert module.over(clip(3), *NEUTRAL).frame_scores.shape == (1,)


@torch.no_grad()
def test_without_local_discriminator_there_is_no_patch_evidence() -> None:
    module = graph(replace(TINY, local_discriminator=False))
    assert not module.over(clip(3), *NEUTRAL).terms[4].any()


def test_a_network_decides_which_graph_it_has() -> None:
    assert isinstance(graph_of(make_network(TINY)), StepGraph)
    assert type(graph_of(make_network(replace(TINY, causal=False)))) is FusedGraph


def test_a_network_of_windows_cannot_be_stepped() -> None:
    with pytest.raises(SettingsError, match="trained frame by frame"):
        StepGraph(make_network(replace(TINY, causal=False)))
