"""ConvLSTM."""

from math import exp, tanh

import pytest
import torch
from torch.testing import assert_close

from ocrgan_training.network.recurrent import ConvLSTM


def sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x))


def test_two_steps_of_one_pixel_by_hand():
    lstm = ConvLSTM(1, 1, kernel=1, read_kernel=1)
    with torch.no_grad():
        lstm.from_input.weight.copy_(torch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(4, 1, 1, 1))
        lstm.from_input.bias.copy_(torch.tensor([0.1, 0.2, 0.3, 0.4]))
        lstm.from_hidden.weight.copy_(torch.tensor([-1.0, 1.0, 2.0, 0.5]).reshape(4, 1, 1, 1))
    first, second = 0.5, -0.25
    cell = sigmoid(first + 0.1) * tanh(4 * first + 0.4)
    hidden = sigmoid(3 * first + 0.3) * tanh(cell)
    written = sigmoid(second + 0.1 - hidden)
    kept = sigmoid(2 * second + 0.2 + hidden)
    shown = sigmoid(3 * second + 0.3 + 2 * hidden)
    cell = kept * cell + written * tanh(4 * second + 0.4 + 0.5 * hidden)
    video = torch.tensor([first, second]).reshape(1, 2, 1, 1, 1)
    assert_close(lstm(video).item(), shown * tanh(cell), atol=1e-6, rtol=0)


@pytest.mark.parametrize("frames_per_step", [1, 2, 4])
def test_the_result_is_one_image_of_hidden_channels(frames_per_step):
    lstm = ConvLSTM(3, 5, frames_per_step=frames_per_step)
    assert lstm(torch.rand(2, 8, 3, 4, 6)).shape == (2, 5, 4, 6)


@pytest.mark.parametrize("frames_per_step", [1, 4])
def test_every_frame_and_every_parameter_takes_part(frames_per_step):
    lstm = ConvLSTM(2, 3, frames_per_step=frames_per_step)
    video = torch.rand(1, 8, 2, 3, 3, requires_grad=True)
    lstm(video).sum().backward()
    assert (video.grad.abs().amax(dim=(0, 2, 3, 4)) > 0).all()
    assert all(value.grad.any() for value in lstm.parameters())


def test_the_order_of_frames_matters():
    lstm, video = ConvLSTM(2, 3), torch.rand(1, 4, 2, 3, 3)
    assert not torch.allclose(lstm(video), lstm(video.flip(1)), atol=1e-4)


def test_windows_do_not_share_a_state():
    lstm, video = ConvLSTM(2, 3), torch.rand(2, 4, 2, 3, 3)
    assert_close(lstm(video)[1:], lstm(video[1:]))


def test_frames_that_do_not_make_whole_steps_are_refused():
    with pytest.raises(ValueError, match="6 frames, wanted a multiple of 4"):
        ConvLSTM(1, 1, frames_per_step=4)(torch.rand(1, 6, 1, 2, 2))
