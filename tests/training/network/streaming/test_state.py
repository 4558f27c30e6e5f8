"""States as flat lists of named tensors."""

import torch

from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.network.streaming.attention import Memory
from ocrgan_training.network.streaming.causal_network import CausalOcrGanVideo
from ocrgan_training.network.streaming.state import named_tensors, state_bytes, with_tensors


def test_tensors_are_named_by_their_path():
    config = NetworkConfig(frames=8, height=32, width=32, base_width=8)
    names = [name for name, _ in named_tensors(CausalOcrGanVideo(config).initial_state())]
    assert names[:3] == [f"generator.summary.attention.{part}" for part in Memory._fields]
    assert "generator.skips.0.attention.keys" in names
    assert names[-1] == "patches"
    assert len(set(names)) == len(names)


def test_a_state_is_built_again_of_its_tensors():
    like = (Memory(torch.zeros(2), torch.zeros(3), torch.zeros(1)), None, torch.zeros(4))
    tensors = [torch.rand_like(tensor) for _, tensor in named_tensors(like)]
    again = with_tensors(like, iter(tensors))
    assert isinstance(again[0], Memory)
    assert again[1] is None
    assert [tensor for _, tensor in named_tensors(again)] == tensors


def test_bytes_are_counted_by_hand():
    assert state_bytes((torch.zeros(2, 3), None, torch.zeros(5, dtype=torch.float64))) == 64
