"""Attention over time: every place looks at itself in the other frames of the window."""

import logging
from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ocrgan_training.network.convolution import SLOPE
from ocrgan_training.network.places import TemporalMixer, pool_places, to_places
from ocrgan_training.network.presets import GROUP

logger = logging.getLogger(__name__)

DROPOUT = 0.1


def fitting_heads(channels: int, heads: int) -> int:
    """The largest divisor of `channels` that is not above `heads`: (64, 8) → 8, (100, 8) → 5."""
    return next(count for count in range(min(heads, channels), 0, -1) if channels % count == 0)


class AttentionOverTime(nn.Module):
    """Multi-head self-attention over T at every place, without output projection or residual.

    Queries are not divided by √d: their initial weights are instead (Raffel et al. 2020), which
    leaves one operation less in the exported graph.
    """

    def __init__(self, channels: int, frames: int, heads: int = 8) -> None:
        """`frames` is the longest window; `heads` is cut to the largest divisor of `channels`."""
        super().__init__()
        self.heads = fitting_heads(channels, heads)
        if self.heads != heads:
            logger.info(
                "attention over %d channels: %d heads instead of %d", channels, self.heads, heads
            )
        # The last row belongs to the newest frame, so that a shorter window keeps its meaning.
        self.position = nn.Parameter(0.2 * torch.randn(frames, channels))
        self.queries_keys_values = nn.Linear(channels, 3 * channels)
        self.dropout = nn.Dropout(DROPOUT)
        # Queries and keys of the tokens' own size tell frames apart from the start.
        queries, keys, _ = self.queries_keys_values.weight.detach().chunk(3)
        nn.init.normal_(queries, std=channels**-0.5 * (channels // self.heads) ** -0.5)
        nn.init.normal_(keys, std=channels**-0.5)

    def forward(self, tokens: Float[Tensor, "n t c"]) -> Float[Tensor, "n t c"]:
        """What every token gathers from its own place in all frames."""
        return self.attend(tokens)[0]

    def attend(
        self, tokens: Float[Tensor, "n t c"]
    ) -> tuple[Float[Tensor, "n t c"], Float[Tensor, "n heads t t"]]:
        """The gathered values and the weights, which sum to 1 over the last axis."""
        queries, keys, values = self._projected(tokens)
        weights = torch.softmax(queries @ keys.transpose(-1, -2), dim=-1)
        gathered = self.dropout(weights) @ values
        return gathered.transpose(1, 2).reshape(tokens.shape), weights

    def newest(self, tokens: Float[Tensor, "n t c"]) -> Float[Tensor, "n heads t"]:
        """The newest frame's row of the weights.

        Not cut out of them: in an exported graph, the product, softmax and product of `attend` stay
        by themselves, so that a runtime can fuse them (OpenVINO does, in INT8 graphs).
        """
        queries, keys, _ = self._projected(tokens)
        return torch.softmax((queries[:, :, -1:] * keys).sum(-1), dim=-1)

    def _projected(self, tokens: Float[Tensor, "n t c"]) -> tuple[Tensor, ...]:
        """Queries, keys and values of all heads, (N, heads, T, d) each."""
        time, channels = tokens.shape[1:]
        if time > len(self.position):
            raise ValueError(f"{time} frames, wanted at most {len(self.position)}")
        projected: Tensor = self.queries_keys_values(tokens + self.position[-time:])
        split = projected.reshape(-1, time, 3, self.heads, channels // self.heads)
        return split.permute(2, 0, 3, 1, 4).unbind(0)


class LooksOverTime(nn.Module, ABC):
    """A module (B,T,C,H,W) → same that tells where it looks; weights (B·h·w, heads, T, T)."""

    @abstractmethod
    def weights(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "bhw heads t t"]:
        """Row: the frame that looks, column: looked at; rows sum to 1."""

    @abstractmethod
    def newest(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "bhw heads t"]:
        """The last row of every matrix of `weights`: where the newest frame looks."""


class TemporalAttention(TemporalMixer, LooksOverTime):
    """Every place attends to itself over all frames: (B,T,C,H,W) → same."""

    def __init__(self, channels: int, frames: int, heads: int = 8, pool: int = 1) -> None:
        """`heads` are asked for; 64 channels get 8, 100 channels get 5."""
        super().__init__(pool)
        self.attention = AttentionOverTime(channels, frames, heads)
        self.project = nn.Linear(channels, channels)

    @property
    def heads(self) -> int:
        """How many heads there are."""
        return self.attention.heads

    def mix(self, tokens: Float[Tensor, "n t c"]) -> Float[Tensor, "n t c"]:
        """Attention, then the output projection."""
        projected: Tensor = self.project(self.attention(tokens))
        return projected

    def weights(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "bhw heads t t"]:
        """Attention weights (B·h·w, heads, T, T); row: the frame that looks, column: looked at."""
        return self.attention.attend(to_places(pool_places(video, self.pool)))[1]

    def newest(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "bhw heads t"]:
        """The last row of every matrix of `weights`: where the newest frame looks."""
        return self.attention.newest(to_places(pool_places(video, self.pool)))


class MultiScaleTemporalAttention(TemporalMixer):
    """Attention over every frame, every 2nd and every 4th, weighed by a learned fusion.

    Output projections and fusion are linear, so that one projection of the three results is both.
    """

    def __init__(self, channels: int, frames: int, heads: int = 8, pool: int = 1) -> None:
        """Frames are counted back from the newest one, which every scale sees."""
        super().__init__(pool)
        self.scales = (1, 2, 4)
        self.attentions = nn.ModuleList(
            AttentionOverTime(channels, -(-frames // scale), heads) for scale in self.scales
        )
        self.fuse = nn.Linear(len(self.scales) * channels, channels)

    def mix(self, tokens: Float[Tensor, "n t c"]) -> Float[Tensor, "n t c"]:
        """Three attentions, coarse ones repeated in time, then one projection."""
        found = [
            repeat_in_time(attention(every_nth(tokens, scale)), scale, tokens.shape[1])
            for scale, attention in zip(self.scales, self.attentions, strict=True)
        ]
        fused: Tensor = self.fuse(torch.cat(found, dim=-1))
        return fused


def every_nth(tokens: Float[Tensor, "n t c"], scale: int) -> Float[Tensor, "n tn c"]:
    """Every `scale`-th frame, counted back from the newest."""
    return tokens[:, (tokens.shape[1] - 1) % scale :: scale]


def repeat_in_time(
    tokens: Float[Tensor, "n tn c"], scale: int, time: int
) -> Float[Tensor, "n t c"]:
    """Undoes `every_nth` to `time` frames: a frame stands for itself and those just before it."""
    if scale == 1:
        return tokens
    repeated = tokens[:, :, None].expand(-1, -1, scale, -1).flatten(1, 2)
    return repeated[:, -time:] if repeated.shape[1] != time else repeated


class HierarchicalTemporalAttention(TemporalMixer):
    """Three levels, combined by a learned projection: frame, sequence, snippet.

    Frame: a projection of every frame by itself; sequence: attention inside groups of neighbouring
    frames; snippet: attention over the whole window.
    """

    def __init__(self, channels: int, frames: int, heads: int = 8, pool: int = 1) -> None:
        """`frames` is a multiple of the group of 4."""
        super().__init__(pool)
        self.group = GROUP
        self.frame = nn.Sequential(nn.Linear(channels, channels), nn.LeakyReLU(SLOPE))
        self.sequence = AttentionOverTime(channels, self.group, heads)
        self.snippet = AttentionOverTime(channels, frames, heads)
        self.combine = nn.Linear(3 * channels, channels)

    def mix(self, tokens: Float[Tensor, "n t c"]) -> Float[Tensor, "n t c"]:
        """The three levels side by side, then one projection."""
        levels = (self.frame(tokens), self.within_groups(tokens), self.snippet(tokens))
        combined: Tensor = self.combine(torch.cat(levels, dim=-1))
        return combined

    def within_groups(self, tokens: Float[Tensor, "n t c"]) -> Float[Tensor, "n t c"]:
        """Attention in which a frame sees only the frames of its own group."""
        time, channels = tokens.shape[1:]
        if time % self.group:
            raise ValueError(f"{time} frames, wanted a multiple of {self.group}")
        grouped: Tensor = self.sequence(tokens.reshape(-1, self.group, channels))
        return grouped.reshape(-1, time, channels)
