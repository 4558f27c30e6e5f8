"""Channel shuffle frame by frame."""

import pytest
import torch
from torch.testing import assert_close

from ocrgan_training.network.streaming.channel_shuffle import CausalChannelShuffle


@pytest.mark.parametrize("temporal", [True, False])
@torch.no_grad()
def test_stepping_equals_the_windowed_form_with_a_reset(temporal):
    shuffle = CausalChannelShuffle(8, temporal=temporal).double()
    laplacian, residual = torch.randn(2, 3, 9, 8, 4, 5, dtype=torch.float64)
    state, found = shuffle.initial_state(3), []
    for number in range(9):
        if number == 5:
            state = shuffle.initial_state(3)
        one, state = shuffle.step(laplacian[:, number], residual[:, number], state)
        found.append(one)
    for part, stepped in enumerate(zip(*found, strict=True)):
        before = shuffle(laplacian[:, :5], residual[:, :5])[part]
        after = shuffle(laplacian[:, 5:], residual[:, 5:])[part]
        assert_close(torch.stack(stepped, 1), torch.cat((before, after), 1), atol=1e-9, rtol=0)


@torch.no_grad()
def test_the_context_sees_two_frames_back():
    shuffle = CausalChannelShuffle(8)
    laplacian, residual = torch.randn(2, 1, 8, 8, 2, 2)
    changed = laplacian.clone()
    changed[:, 3] += 1
    difference = shuffle.weight(changed, residual) - shuffle.weight(laplacian, residual)
    assert difference.abs().amax(dim=(0, 2)).nonzero().flatten().tolist() == [3, 4, 5]
