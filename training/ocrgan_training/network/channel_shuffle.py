"""Channel shuffle: the two streams weighed against each other, channel by channel."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class Shuffled(NamedTuple):
    """Both streams after weighing, and the weights that explain it."""

    laplacian: Float[Tensor, "b t c h w"]
    residual: Float[Tensor, "b t c h w"]
    weight: Float[Tensor, "b t c"]
    """Of the Laplacian stream, 0 … 1; the residual's is 1 − weight."""


class ChannelShuffle(nn.Module):
    """y₁ = w₁·x₁, y₂ = w₂·x₂; w₁ + w₂ = 1 per frame and channel (Liang et al. 2022, OCR-GAN)."""

    def __init__(self, channels: int, *, temporal: bool = True) -> None:
        """`temporal=False` leaves out the context over time: frames then do not know each other."""
        super().__init__()
        # Never so few that all of them can be dead rectifiers from the start.
        inner, middle = max(channels // 4, 8), max(channels // 2, 32)
        self.context: nn.Module | None = None
        if temporal:
            self.context = nn.Sequential(
                nn.ConstantPad1d((2, 0), 0.0),  # only the past, so that frames can come one by one
                nn.Conv1d(channels, inner, 3),
                nn.ReLU(),
                nn.Conv1d(inner, channels, 1),
                nn.Sigmoid(),
            )
        self.reduce = nn.Linear(channels, middle)
        self.to_laplacian = nn.Linear(middle, channels)
        self.to_residual = nn.Linear(middle, channels)

    def forward(
        self, laplacian: Float[Tensor, "b t c h w"], residual: Float[Tensor, "b t c h w"]
    ) -> Shuffled:
        """Weighs the two streams."""
        weight = self.weight(laplacian, residual)
        share = weight[..., None, None]
        return Shuffled(laplacian * share, residual * (1 - share), weight)

    def weight(
        self, laplacian: Float[Tensor, "b t c h w"], residual: Float[Tensor, "b t c h w"]
    ) -> Float[Tensor, "b t c"]:
        """The Laplacian stream's share of every channel."""
        return self.share(self.shown(laplacian, residual))

    @staticmethod
    def shown(
        laplacian: Float[Tensor, "b t c h w"], residual: Float[Tensor, "b t c h w"]
    ) -> Float[Tensor, "b t c"]:
        """What the weights are decided by: the channels' means.

        The mean of a sum is the sum of means, and that never writes the sum.
        """
        return laplacian.mean(dim=(-2, -1)) + residual.mean(dim=(-2, -1))

    def share(self, shown: Float[Tensor, "b t c"]) -> Float[Tensor, "b t c"]:
        """The Laplacian stream's share, decided by the channels' means.

        A softmax over two is the sigmoid of their difference, and the difference of two linear
        maps is one: softmax(L₁r, L₂r)₁ = σ((L₁ − L₂)r).
        """
        if self.context is not None:
            shown = shown * self.context(shown.transpose(1, 2)).transpose(1, 2)
        reduced = torch.relu(self.reduce(shown))
        difference = functional.linear(
            reduced,
            self.to_laplacian.weight - self.to_residual.weight,
            self.to_laplacian.bias - self.to_residual.bias,
        )
        return torch.sigmoid(difference)
