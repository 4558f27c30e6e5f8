"""What every causal module is: one way through, for many frames at once or one after another."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ocrgan_training.network.convolution import fold_time

State = TypeVar("State")


class CausalModule(nn.Module, ABC, Generic[State]):
    """A module in which no frame sees a later one: (B,T',C,H,W), state → (B,T',…), state.

    Subclasses say `run` and `initial_state`. Both faces are the same computation: the windowed
    face is a run of many frames from the initial state (an operation over space is one batch of
    all frames), the stepping face is a run of one frame. So they cannot part, and a long clip can
    be trained on in pieces as well. A state is a NamedTuple of tensors (or one tensor) of fixed
    shape, all zeros where nothing was seen yet: to reset after a gap is to fill it with zeros.
    """

    @abstractmethod
    def run(
        self, video: Float[Tensor, "b t c h w"], state: State
    ) -> tuple[Float[Tensor, "b t _ h w"], State]:
        """Any number of frames that follow on those which led to `state`."""

    @abstractmethod
    def initial_state(self, batch: int, size: tuple[int, int]) -> State:
        """The state before the first frame of `batch` videos of `size` = (H,W)."""

    def forward(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t _ h w"]:
        """The windowed face: a whole clip, nothing seen before it."""
        size = video.shape[-2], video.shape[-1]
        return self.run(video, self.initial_state(video.shape[0], size))[0]

    def step(
        self, frame: Float[Tensor, "b c h w"], state: State
    ) -> tuple[Float[Tensor, "b _ h w"], State]:
        """The stepping face: one frame."""
        found, state = self.run(frame[:, None], state)
        return found[:, 0], state


def follow(past: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
    """(B,K,…) and (B,T',…), which follow → all of them (B,K+T',…), and the newest K of them."""
    everything = torch.cat((past, frames), dim=1)
    return everything, everything[:, frames.shape[1] :]


def stack_newest(frames: Float[Tensor, "b kt c h w"], count: int) -> Float[Tensor, "n counted h w"]:
    """Every frame with the `count` − 1 before it as channels, oldest first.

    (B,count−1+T',C,H,W) → (B·T',count·C,H,W): what a convolution needs that sees `count` frames.
    """
    time = frames.shape[1] - count + 1
    if time == 1:  # they lie one behind the other already
        return frames.flatten(1, 2)
    shifted = [frames[:, start : start + time] for start in range(count)]
    return fold_time(torch.cat(shifted, dim=2))


def halved(size: tuple[int, int], levels: int) -> tuple[int, int]:
    """(H,W) after so many stride-2 levels, which round up."""
    return -(-size[0] // 2**levels), -(-size[1] // 2**levels)
