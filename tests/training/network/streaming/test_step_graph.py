"""Stepping in ONNX Runtime: the state goes in and comes out."""

from __future__ import annotations

import warnings

import onnxruntime
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.network.streaming.causal_network import CausalOcrGanVideo
from ocrgan_training.network.streaming.mixers import CausalMultiScaleAttention
from ocrgan_training.network.streaming.state import named_tensors, with_tensors

pytestmark = pytest.mark.slow


class Step(nn.Module):
    """A step with a flat state."""

    def __init__(self, module, state, show=lambda found: found):
        super().__init__()
        self.module, self.like, self.show = module, state, show

    def forward(self, frame, *tensors):
        found, state = self.module.step(frame, with_tensors(self.like, iter(tensors)))
        return (self.show(found), *(tensor for _, tensor in named_tensors(state)))


def exported(step, frame, state, path):
    tensors = [tensor for _, tensor in named_tensors(state)]
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            step, (frame, *tensors), dynamo=True, opset_version=18, verbose=False
        )
    program.save(path)
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def walk_in_both(module, state, frames, path, show=lambda found: found):
    """Steps through frames (T',B,C,H,W) in ONNX Runtime and in torch: (found, expected)."""
    session = exported(Step(module, state, show).eval(), frames[0], state, path)
    inputs = [node.name for node in session.get_inputs()]
    tensors = [tensor.numpy() for _, tensor in named_tensors(state)]
    found, expected = [], []
    with torch.no_grad():
        for frame in frames:
            feed = dict(zip(inputs, (frame.numpy(), *tensors), strict=True))
            shown, *tensors = session.run(None, feed)
            out, state = module.step(frame, state)
            found.append(torch.from_numpy(shown))
            expected.append(show(out))
    return torch.stack(found), torch.stack(expected)


def test_attention_steps_the_same_in_onnx_runtime(tmp_path):
    module = CausalMultiScaleAttention(16, 8, heads=2, pool=2).eval()
    state = module.initial_state(1, (4, 6))
    frames = torch.randn(20, 1, 16, 4, 6)
    found, expected = walk_in_both(module, state, frames, tmp_path / "step.onnx")
    assert_close(found, expected, atol=1e-5, rtol=0)


def test_the_network_steps_the_same_in_onnx_runtime(tmp_path):
    config = NetworkConfig(frames=8, height=32, width=32, base_width=8, hidden_frames=1)
    network = CausalOcrGanVideo(config).eval()
    frames = torch.rand(12, 1, 3, 32, 32) * 2 - 1
    found, expected = walk_in_both(
        network, network.initial_state(), frames, tmp_path / "step.onnx", show=_everything
    )
    assert_close(found, expected, atol=1e-4, rtol=0)


def _everything(seen):
    """All results of a step in one row."""
    parts = (seen.rebuilt.fake, *seen.features, seen.patches)
    return torch.cat([part.flatten() for part in parts])
