"""Attention over time: every place looks at itself in the other frames of the window."""

import logging

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ocrgan_training.network.convolution import fold_time, unfold_time

logger = logging.getLogger(__name__)

DROPOUT = 0.1


def fitting_heads(channels: int, heads: int) -> int:
    """The largest divisor of `channels` that is not above `heads`: (64, 8) → 8, (100, 8) → 5."""
    return next(count for count in range(min(heads, channels), 0, -1) if channels % count == 0)


class TemporalMixer(nn.Module):
    """Adds to a video what an operation over time finds in its pooled tokens.

    Subclasses say `mix`: (B,T,C,h,w) → same. Tokens are the means of pool × pool pixels and the
    result is spread over these pixels again, so that the operation over time costs pool² less.
    """

    def __init__(self, pool: int = 1) -> None:
        """`pool` = 1 looks at every pixel."""
        super().__init__()
        self.pool = pool

    def mix(self, tokens: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t c h w"]:
        """What is added to every token."""
        raise NotImplementedError

    def forward(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t c h w"]:
        """(B,T,C,H,W) → same."""
        return self.streams(video)[0]

    def streams(self, *videos: Float[Tensor, "b t c h w"]) -> list[Float[Tensor, "b t c h w"]]:
        """Several videos, same weights, as one batch: stacked after pooling, little to copy."""
        pooled = [pool_tokens(video, self.pool) for video in videos]
        tokens = torch.cat(pooled) if len(pooled) > 1 else pooled[0]
        mixed = self.mix(tokens).chunk(len(videos))
        return [
            video + spread_tokens(part, self.pool, (video.shape[-2], video.shape[-1]))
            for video, part in zip(videos, mixed, strict=True)
        ]


def pool_tokens(video: Float[Tensor, "b t c h w"], pool: int) -> Float[Tensor, "b t c hp wp"]:
    """Means over pool × pool pixels; a last row or column that is not whole is the mean of less."""
    if pool == 1:
        return video
    whole = video.shape[-2] % pool == 0 and video.shape[-1] % pool == 0
    pooled = functional.avg_pool2d(
        fold_time(video), pool, ceil_mode=not whole, count_include_pad=False
    )
    return unfold_time(pooled, video.shape[1])


def spread_tokens(
    tokens: Float[Tensor, "b t c hp wp"], pool: int, size: tuple[int, int]
) -> Float[Tensor, "b t c h w"]:
    """Repeats every token over the pixels it stands for."""
    if pool == 1:
        return tokens
    spread = functional.interpolate(fold_time(tokens), scale_factor=float(pool), mode="nearest")
    if spread.shape[-2:] != size:
        spread = spread[..., : size[0], : size[1]]
    return unfold_time(spread, tokens.shape[1])


class AttentionOverTime(nn.Module):
    """Multi-head self-attention over T at every place, without output projection or residual.

    Q, K, V are one 1×1 convolution. Queries are not divided by √d: their initial weights are
    instead (Raffel et al. 2020), which leaves one operation less in the exported graph.
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
        self.position = nn.Parameter(0.02 * torch.randn(frames, channels))
        self.queries_keys_values = nn.Conv2d(channels, 3 * channels, 1)
        self.dropout = nn.Dropout(DROPOUT)
        with torch.no_grad():
            self.queries_keys_values.weight[:channels] *= (channels // self.heads) ** -0.5

    def forward(self, tokens: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t c h w"]:
        """What every token gathers from its own place in all frames."""
        return self.attend(tokens)[0]

    def attend(
        self, tokens: Float[Tensor, "b t c h w"]
    ) -> tuple[Float[Tensor, "b t c h w"], Float[Tensor, "b hw heads t t"]]:
        """The gathered values and the weights, which sum to 1 over the last axis."""
        time, channels, height, width = tokens.shape[1:]
        if time > len(self.position):
            raise ValueError(f"{time} frames, wanted at most {len(self.position)}")
        placed = tokens + self.position[-time:, :, None, None]
        projected = unfold_time(self.queries_keys_values(fold_time(placed)), time)
        # (B,T,3C,h,w) → 3 × (B,h·w,heads,T,d): the only transposes, around two small products
        split = projected.reshape(-1, time, 3, self.heads, channels // self.heads, height * width)
        queries, keys, values = split.permute(2, 0, 5, 3, 1, 4).unbind(0)
        weights = torch.softmax(queries @ keys.transpose(-1, -2), dim=-1)
        gathered = self.dropout(weights) @ values
        gathered = gathered.permute(0, 3, 2, 4, 1)  # (B,T,heads,d,h·w)
        return gathered.reshape(-1, time, channels, height, width), weights


class TemporalAttention(TemporalMixer):
    """Every place attends to itself over all frames: (B,T,C,H,W) → same."""

    def __init__(self, channels: int, frames: int, heads: int = 8, pool: int = 1) -> None:
        """`heads` are asked for; 64 channels get 8, 100 channels get 5."""
        super().__init__(pool)
        self.attention = AttentionOverTime(channels, frames, heads)
        self.project = nn.Conv2d(channels, channels, 1)

    @property
    def heads(self) -> int:
        """How many heads there are."""
        return self.attention.heads

    def mix(self, tokens: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t c h w"]:
        """Attention, then the output projection."""
        gathered = self.attention(tokens)
        return unfold_time(self.project(fold_time(gathered)), tokens.shape[1])

    def weights(self, video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "bhw heads t t"]:
        """Attention weights (B·h·w, heads, T, T); row: the frame that looks, column: looked at."""
        return self.attention.attend(pool_tokens(video, self.pool))[1].flatten(0, 1)


class MultiScaleTemporalAttention(TemporalMixer):
    """Attention over every frame, every 2nd and every 4th, weighed by a learned fusion.

    Output projections and fusion are linear, so that one 1×1 convolution over the three results
    is both.
    """

    def __init__(self, channels: int, frames: int, heads: int = 8, pool: int = 1) -> None:
        """Frames are counted back from the newest one, which every scale sees."""
        super().__init__(pool)
        self.scales = (1, 2, 4)
        self.attentions = nn.ModuleList(
            AttentionOverTime(channels, -(-frames // scale), heads) for scale in self.scales
        )
        self.fuse = nn.Conv2d(len(self.scales) * channels, channels, 1)

    def mix(self, tokens: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t c h w"]:
        """Three attentions, coarse ones repeated in time, then one 1×1 convolution."""
        time = tokens.shape[1]
        found = [
            repeat_in_time(attention(every_nth(tokens, scale)), scale, time)
            for scale, attention in zip(self.scales, self.attentions, strict=True)
        ]
        return unfold_time(self.fuse(fold_time(torch.cat(found, dim=2))), time)


def every_nth(video: Float[Tensor, "b t c h w"], scale: int) -> Float[Tensor, "b tn c h w"]:
    """Every `scale`-th frame, counted back from the newest."""
    return video[:, (video.shape[1] - 1) % scale :: scale]


def repeat_in_time(
    video: Float[Tensor, "b tn c h w"], scale: int, time: int
) -> Float[Tensor, "b t c h w"]:
    """Undoes `every_nth` to `time` frames: a frame stands for itself and those just before it."""
    if scale == 1:
        return video
    return video.repeat_interleave(scale, dim=1)[:, -time:]


class HierarchicalTemporalAttention(TemporalMixer):
    """Three levels, combined by a learned 1×1 convolution: frame, sequence, snippet.

    Frame: a per-frame 1×1 convolution; sequence: attention inside groups of neighbouring frames;
    snippet: attention over the whole window.
    """

    def __init__(self, channels: int, frames: int, heads: int = 8, pool: int = 1) -> None:
        """`frames` is a multiple of the group of 4."""
        super().__init__(pool)
        self.group = 4
        self.frame = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.LeakyReLU(0.2))
        self.sequence = AttentionOverTime(channels, self.group, heads)
        self.snippet = AttentionOverTime(channels, frames, heads)
        self.combine = nn.Conv2d(3 * channels, channels, 1)

    def mix(self, tokens: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t c h w"]:
        """The three levels side by side, then one 1×1 convolution."""
        time = tokens.shape[1]
        frame = unfold_time(self.frame(fold_time(tokens)), time)
        levels = (frame, self.within_groups(tokens), self.snippet(tokens))
        return unfold_time(self.combine(fold_time(torch.cat(levels, dim=2))), time)

    def within_groups(self, tokens: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t c h w"]:
        """Attention in which a frame sees only the frames of its own group."""
        time = tokens.shape[1]
        if time % self.group:
            raise ValueError(f"{time} frames, wanted a multiple of {self.group}")
        grouped: Tensor = self.sequence(unfold_time(fold_time(tokens), self.group))
        return unfold_time(fold_time(grouped), time)
