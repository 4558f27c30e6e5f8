"""A convolutional LSTM whose state is carried from frame to frame."""

import torch
from torch.testing import assert_close

from ocrgan_training.network.recurrent import ConvLSTM
from ocrgan_training.network.streaming.recurrent import CausalConvLSTM


@torch.no_grad()
def test_after_every_frame_it_is_the_windowed_lstm_of_all_frames_so_far():
    causal = CausalConvLSTM(3, 4)
    windowed = ConvLSTM(3, 4)
    windowed.load_state_dict(causal.cell.state_dict())
    video = torch.randn(2, 5, 3, 4, 4)
    found = causal(video)
    for number in range(5):
        assert_close(found[:, number], windowed(video[:, : number + 1]))
