"""A convolutional LSTM whose state is carried from frame to frame."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ocrgan_training.network.convolution import fold_time, unfold_time
from ocrgan_training.network.recurrent import ConvLSTM
from ocrgan_training.network.streaming.causal_module import CausalModule


class Carried(NamedTuple):
    """What a convolutional LSTM remembers."""

    hidden: Float[Tensor, "b hidden h w"]
    cell: Float[Tensor, "b hidden h w"]


class CausalConvLSTM(CausalModule[Carried]):
    """The hidden state after every frame: (B,T',C,H,W) → (B,T',Ch,H,W).

    One frame a step, unlike the windowed form's four: every frame wants its own result. Its
    memory has no end but what the forget gate lets go of.
    """

    def __init__(self, channels: int, hidden: int, kernel: int = 3, read_kernel: int = 3) -> None:
        """`hidden` = Ch; `kernel` and `read_kernel` as of `ConvLSTM`."""
        super().__init__()
        self.cell = ConvLSTM(channels, hidden, kernel, read_kernel)

    def run(
        self, video: Float[Tensor, "b t c h w"], state: Carried
    ) -> tuple[Float[Tensor, "b t hidden h w"], Carried]:
        """Reads all frames with one convolution, then step by step."""
        inputs = unfold_time(self.cell.from_input(fold_time(video)), video.shape[1])
        hidden, cell = state
        shown = []
        for gates in inputs.unbind(1):
            hidden, cell = self.cell.step(gates + self.cell.from_hidden(hidden), cell)
            shown.append(hidden)
        return torch.stack(shown, dim=1), Carried(hidden, cell)

    def initial_state(self, batch: int, size: tuple[int, int]) -> Carried:
        """Zeros."""
        nothing = self.cell.from_hidden.weight.new_zeros(batch, self.cell.hidden, *size)
        return Carried(nothing, nothing.clone())
