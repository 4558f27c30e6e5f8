"""Attention of a frame over the last T frames, which are kept as keys and values."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ocrgan_training.network.attention import DROPOUT, fitting_heads

CLOSED = -1e4
"""Logit of a frame that is not looked at: its weight is exactly 0, and no runtime minds it as it
might −∞."""


class Memory(NamedTuple):
    """What attention keeps of the last T − 1 frames at every place, the newest last."""

    keys: Float[Tensor, "n kept d"]
    values: Float[Tensor, "n kept d"]
    seen: Float[Tensor, "1"]
    """Frames seen, at most T − 1: older entries are empty."""


class CausalAttention(nn.Module):
    """Multi-head attention of every frame over itself and the T − 1 before it, at every place.

    Several branches can look at different ages (0 = the present frame) of the same past: every
    2nd frame, the last 4, … All branches and heads have queries of their own and share one key and
    one value per frame (Shazeer 2019, multi-query attention), which makes the state and the work
    of reading it smaller by the number of heads and lets a place be one matrix product.

    A frame's position is its age. It is no part of the token, since a cached key would have to
    change as its frame grows older; instead every branch and head has a learned logit per age
    (Raffel et al. 2020, relative bias), a constant of the graph. It begins as a slope, another for
    every head (Press et al. 2022, ALiBi).

    The past is shifted by concatenation, not overwritten in a ring: a runtime copies a tensor
    that it returns in any case, shapes and bias are then constants, and the newest frame is
    always in the last place.
    """

    closed: Tensor

    def __init__(
        self, channels: int, reaches: Sequence[Sequence[int]], heads: int, *, pooling: bool = False
    ) -> None:
        """`reaches`: the ages that each branch looks at, the largest of all is T − 1.

        `heads` (per branch) are cut to the largest divisor of `channels`. `pooling` adds a row
        whose query does not depend on the frame: a mean over time, weighted by content.
        """
        super().__init__()
        self.heads = fitting_heads(channels, heads)
        self.size = channels // self.heads
        self.frames = 1 + max(max(ages) for ages in reaches)
        self.queries = nn.Linear(channels, len(reaches) * channels)
        self.keys_values = nn.Linear(channels, 2 * self.size)
        self.pool_query: nn.Parameter | None = None
        self.dropout = nn.Dropout(DROPOUT)
        rows = len(reaches) * self.heads
        slopes = 2.0 ** -torch.arange(1, self.heads + 1).repeat(len(reaches))
        bias = -slopes[:, None] * torch.arange(self.frames - 1, -1, -1)
        closed = torch.full((rows, self.frames), CLOSED)
        for branch, ages in enumerate(reaches):
            slots = [self.frames - 1 - age for age in ages]
            closed[branch * self.heads : (branch + 1) * self.heads, slots] = 0
        if pooling:
            self.pool_query = nn.Parameter(self.size**-0.5 * torch.randn(1, 1, 1, self.size))
            bias, closed = (nn.functional.pad(part, (0, 0, 0, 1)) for part in (bias, closed))
        self.bias = nn.Parameter(bias)  # (rows, T), oldest first
        self.register_buffer("closed", closed, persistent=False)
        nn.init.normal_(self.queries.weight, std=channels**-0.5 * self.size**-0.5)
        nn.init.normal_(self.keys_values.weight[: self.size].detach(), std=channels**-0.5)

    @property
    def width(self) -> int:
        """Channels of what is gathered: all rows side by side."""
        return len(self.bias) * self.size

    def empty(self, places: int) -> Memory:
        """Nothing seen yet at so many places (B·h·w)."""
        nothing = self.bias.new_zeros(places, self.frames - 1, self.size)
        return Memory(nothing, nothing.clone(), self.bias.new_zeros(1))

    def run(
        self, tokens: Float[Tensor, "n t c"], memory: Memory
    ) -> tuple[Float[Tensor, "n t width"], Memory]:
        """What every token gathers from the last T frames, and the memory after it."""
        gathered, _, after = self.attend(tokens, memory)
        return gathered, after

    def attend(
        self, tokens: Float[Tensor, "n t c"], memory: Memory
    ) -> tuple[Float[Tensor, "n t width"], Float[Tensor, "n t rows k"], Memory]:
        """As `run`, with the weights on the T − 1 frames in memory and the new ones (k of them)."""
        places, time = tokens.shape[0], tokens.shape[1]
        new = self.keys_values(tokens)
        keys = torch.cat((memory.keys, new[..., : self.size]), dim=1)
        values = torch.cat((memory.values, new[..., self.size :]), dim=1)
        # Rows of all frames, branches and heads in one product: nothing is transposed for heads.
        queries = self._queries(tokens).reshape(places, -1, self.size)
        allowed = self.logits_by_age(time, memory.seen)
        logits = queries @ keys.transpose(1, 2) + allowed.reshape(-1, allowed.shape[-1])
        weights = torch.softmax(logits, dim=-1)
        gathered = (self.dropout(weights) @ values).reshape(places, time, -1)
        seen = torch.clamp(memory.seen + time, max=float(self.frames - 1))
        after = Memory(keys[:, time:], values[:, time:], seen)
        return gathered, weights.reshape(places, time, -1, keys.shape[1]), after

    def _queries(self, tokens: Float[Tensor, "n t c"]) -> Float[Tensor, "n t rows d"]:
        places, time = tokens.shape[0], tokens.shape[1]
        queries: Tensor = self.queries(tokens).reshape(places, time, -1, self.size)
        if self.pool_query is None:
            return queries
        return torch.cat((queries, self.pool_query.expand(places, time, 1, self.size)), dim=2)

    def logits_by_age(self, time: int, seen: Float[Tensor, "1"]) -> Float[Tensor, "t rows k"]:
        """What is added to q·k: the bias of a frame's age, `CLOSED` for what is out of reach."""
        slots = in_band(self.frames, time, self.bias.device)
        by_age = (self.bias + self.closed)[:, slots.clamp(0, self.frames - 1)].transpose(0, 1)
        hidden = out_of_sight(self.frames, time, seen)
        return torch.where(hidden[:, None], CLOSED, by_age)


def in_band(frames: int, time: int, device: torch.device | None = None) -> Tensor:
    """(T', T−1+T'): which of the T frames that the row's frame sees the column is, 0 = oldest.

    Below 0 or above T − 1: it does not see it.
    """
    columns = torch.arange(frames - 1 + time, device=device)
    return columns[None] - torch.arange(time, device=device)[:, None]


def out_of_sight(frames: int, time: int, seen: Float[Tensor, "1"]) -> Tensor:
    """(T', T−1+T') bool: outside the row's last T frames, or never seen."""
    slots = in_band(frames, time, seen.device)
    empty = torch.arange(frames - 1 + time, device=seen.device) < frames - 1 - seen
    return (slots < 0) | (slots >= frames) | empty
