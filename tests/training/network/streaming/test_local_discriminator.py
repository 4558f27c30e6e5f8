"""The local discriminator frame by frame."""

import pytest
import torch
from torch.testing import assert_close

from ocrgan_training.network.local_discriminator import LocalDiscriminator
from ocrgan_training.network.streaming.local_discriminator import CausalLocalDiscriminator


@pytest.mark.parametrize("slim", [False, True])
@torch.no_grad()
def test_every_frame_is_judged_as_the_newest_of_the_8_that_end_with_it(slim):
    causal = CausalLocalDiscriminator(8, (32, 48), slim=slim).eval().double()
    windowed = LocalDiscriminator(8, (32, 48), slim=slim).eval().double()
    windowed.load_state_dict(causal.state_dict())
    video = torch.rand(2, 12, 3, 32, 48, dtype=torch.float64)
    state = causal.initial_state(2, (32, 48))
    together, _ = causal.run(video, state)
    for number in range(12):
        logits, state = causal.step(video[:, number], state)
        assert_close(logits, together[:, number], atol=1e-9, rtol=0)
        if number >= 7:
            assert_close(logits, windowed(video[:, number - 7 : number + 1]), atol=1e-9, rtol=0)


def test_the_buffer_is_luma_of_7_frames():
    causal = CausalLocalDiscriminator(8, (32, 48))
    assert causal.initial_state(2, (32, 48)).shape == (2, 7, 1, 32, 48)
