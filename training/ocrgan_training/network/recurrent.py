"""A convolutional LSTM that is cheap to unroll."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ocrgan_training.network.convolution import fold_time, unfold_time


class ConvLSTM(nn.Module):
    """The last hidden state of a convolutional LSTM: (B,T,C,H,W) → (B,Ch,H,W).

    (i, f, o, g) = W∗x + U∗h + b; c ← σ(f)·c + σ(i)·tanh(g); h ← σ(o)·tanh(c) (Shi et al. 2015,
    without peepholes). W∗x is one convolution over all frames; only U∗h is sequential. Several
    neighbouring frames can be read as the channels of one step, which makes fewer steps and
    loses nothing.
    """

    def __init__(
        self,
        channels: int,
        hidden: int,
        kernel: int = 3,
        read_kernel: int = 3,
        frames_per_step: int = 1,
    ) -> None:
        """`hidden` = Ch; `kernel` of U, `read_kernel` of W; T: a multiple of `frames_per_step`."""
        super().__init__()
        self.hidden, self.frames_per_step = hidden, frames_per_step
        self.from_input = nn.Conv2d(
            channels * frames_per_step, 4 * hidden, read_kernel, padding="same"
        )
        self.from_hidden = nn.Conv2d(hidden, 4 * hidden, kernel, padding="same", bias=False)
        with torch.no_grad():  # a forget gate that starts open remembers (Jozefowicz et al. 2015)
            assert self.from_input.bias is not None
            self.from_input.bias[hidden : 2 * hidden] += 1

    def forward(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b hidden h w"]:
        """Reads the window from its oldest frame to its newest."""
        if video.shape[1] % self.frames_per_step:
            raise ValueError(
                f"{video.shape[1]} frames, wanted a multiple of {self.frames_per_step}"
            )
        steps = video.shape[1] // self.frames_per_step
        stacked = video.reshape(video.shape[0], steps, -1, *video.shape[-2:])
        inputs = unfold_time(self.from_input(fold_time(stacked)), steps).unbind(1)
        hidden, cell = self.step(inputs[0], None)
        for gates in inputs[1:]:
            hidden, cell = self.step(gates + self.from_hidden(hidden), cell)
        return hidden

    def step(
        self, gates: Float[Tensor, "b gates h w"], cell: Float[Tensor, "b hidden h w"] | None
    ) -> tuple[Float[Tensor, "b hidden h w"], Float[Tensor, "b hidden h w"]]:
        """One step from the gates' sums to (hidden state, cell); no cell yet counts as 0."""
        opened = torch.sigmoid(gates[:, : 3 * self.hidden])
        written, kept, shown = opened.chunk(3, dim=1)
        new = written * torch.tanh(gates[:, 3 * self.hidden :])
        cell = new if cell is None else kept * cell + new
        return shown * torch.tanh(cell), cell
