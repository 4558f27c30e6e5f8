"""The generator: a temporal U-Net with two streams in and two streams out."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ocrgan_training.network.attention import (
    HierarchicalTemporalAttention,
    MultiScaleTemporalAttention,
    TemporalAttention,
)
from ocrgan_training.network.channel_shuffle import ChannelShuffle
from ocrgan_training.network.convolution import (
    ConvBlock,
    ToPixels,
    UpBlock,
    fold_time,
    unfold_time,
)
from ocrgan_training.network.fusion import EnhancedTemporalFusion, TemporalFeatureFusion
from ocrgan_training.network.places import TemporalMixer
from ocrgan_training.network.presets import NetworkConfig

SUMMARY_SHARE = 0.1
"""How strongly the window's summary is added to every frame."""


class Generated(NamedTuple):
    """What the generator makes of a window."""

    laplacian: Float[Tensor, "b t 3 h w"]
    residual: Float[Tensor, "b t 3 h w"]
    weights: list[Float[Tensor, "b t _"]]
    """The Laplacian stream's share on every skip, outermost first; none without channel shuffle."""


class Encoder(nn.Module):
    """Stride-2 levels of one stream, frame by frame: (N,3,H,W) → a list of (N,C,H/2ⁱ,W/2ⁱ)."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        """`widths`: channels of every level, outermost first."""
        super().__init__()
        inputs = (3, *widths[:-1])
        self.levels = nn.ModuleList(
            ConvBlock(channels, width, stride=2, norm=level > 0)
            for level, (channels, width) in enumerate(zip(inputs, widths, strict=True))
        )

    def forward(self, frames: Float[Tensor, "n 3 h w"]) -> list[Float[Tensor, "n _ _ _"]]:
        """The result of every level."""
        found = []
        for level in self.levels:
            frames = level(frames)
            found.append(frames)
        return found


class Decoder(nn.Module):
    """The mirror of `Encoder`: skips are concatenated, the last step gives pixels."""

    def __init__(self, widths: tuple[int, ...], upsampling: str) -> None:
        """`widths` as the encoder's."""
        super().__init__()
        # The bottleneck comes alone; every other level comes with its skip.
        inputs = [widths[-1], *(2 * width for width in reversed(widths[:-1]))]
        self.levels = nn.ModuleList(
            UpBlock(channels, out, upsampling)
            for channels, out in zip(inputs, reversed(widths[:-1]), strict=False)
        )
        self.to_pixels = ToPixels(inputs[-1], max(widths[0] // 2, 8), upsampling)

    def forward(
        self, bottom: Float[Tensor, "n c h w"], skips: list[Float[Tensor, "n _ _ _"]]
    ) -> Float[Tensor, "n 3 _ _"]:
        """`skips` outermost first, as the encoder gives them."""
        found = bottom
        for level, skip in zip(self.levels, reversed(skips), strict=True):
            up = level(found)
            if up.shape[-2:] != skip.shape[-2:]:  # an odd size, halved and doubled, is one less
                up = functional.interpolate(up, size=skip.shape[-2:], mode="nearest")
            found = torch.cat((up, skip), dim=1)
        pixels: Tensor = self.to_pixels(found)
        return pixels


class Generator(nn.Module):
    """(B,T,3,H,W) in two streams → the same, rebuilt.

    Encoder and decoder work on single frames; everything over time sits on the skips, in the
    bottleneck and in the input-level summary. Each stream has its own encoder and decoder, the
    modules over time are shared by both.
    """

    def __init__(self, config: NetworkConfig) -> None:
        """Builds the modules that `config.temporal` asks for."""
        super().__init__()
        widths = config.level_widths
        self.hidden_frames = config.hidden_frames
        self.summary: nn.Module | None = None
        if config.temporal == "full":
            embedding = min(config.base_width, 32)
            self.summary = TemporalFeatureFusion(3, config.frames, embedding, config.patch)
        self.encoders = nn.ModuleList(Encoder(widths) for _ in range(2))
        self.shuffles = nn.ModuleList(
            ChannelShuffle(width, temporal=config.temporal != "none")
            for width in widths[:-1]
            if config.channel_shuffle
        )
        self.attentions = (
            nn.ModuleList(
                _skip_attention(config, level, width) for level, width in enumerate(widths[:-1])
            )
            if config.temporal != "none"
            else nn.ModuleList()
        )
        self.bottleneck: nn.Module | None = None
        if config.temporal == "full":
            self.bottleneck = EnhancedTemporalFusion(
                widths[-1], config.frames, attention_heads(widths[-1] // 2)
            )
        self.decoders = nn.ModuleList(Decoder(widths, config.upsampling) for _ in range(2))

    def forward(
        self,
        laplacian: Float[Tensor, "b t 3 h w"],
        residual: Float[Tensor, "b t 3 h w"],
        noise: float = 0.0,
        generators: Sequence[torch.Generator] = (),
    ) -> Generated:
        """Rebuilds both streams; `noise` is the σ of what is added to the input, 0 when scoring.

        `generators`, one per window: where its noise comes from, whatever else is in the batch.
        """
        time = laplacian.shape[1]
        streams = [
            self._input(part, noise, generators) for part in self._summed(laplacian, residual)
        ]
        levels = [self._encode(index, stream, time) for index, stream in enumerate(streams)]
        weights: list[Tensor] = []
        for level in range(len(levels[0]) - 1):
            pair = levels[0][level], levels[1][level]
            levels[0][level], levels[1][level] = self._skip(level, pair, weights)
        if isinstance(self.bottleneck, EnhancedTemporalFusion):
            levels[0][-1], levels[1][-1] = self.bottleneck.streams(levels[0][-1], levels[1][-1])
        rebuilt = [
            unfold_time(
                decoder(fold_time(found[-1]), [fold_time(skip) for skip in found[:-1]]), time
            )
            for decoder, found in zip(self.decoders, levels, strict=True)
        ]
        return Generated(rebuilt[0], rebuilt[1], weights)

    def _summed(self, laplacian: Tensor, residual: Tensor) -> tuple[Tensor, Tensor]:
        """The frames that are not hidden, with the window's summary added."""
        visible = laplacian.shape[1] - self.hidden_frames
        seen = laplacian[:, :visible], residual[:, :visible]
        if self.summary is None:
            return seen
        window = _extend(seen[0] + seen[1], self.hidden_frames)
        summary = SUMMARY_SHARE * self.summary(window)[:, None]
        return seen[0] + summary, seen[1] + summary

    @staticmethod
    def _input(stream: Tensor, noise: float, generators: Sequence[torch.Generator]) -> Tensor:
        if noise == 0:
            return stream
        each = stream.shape[1:]
        sources = generators or [torch.default_generator] * len(stream)
        drawn = [torch.randn(each, generator=source, dtype=stream.dtype) for source in sources]
        return stream + noise * torch.stack(drawn).to(stream.device)

    def _encode(self, index: int, stream: Tensor, time: int) -> list[Tensor]:
        """Every level as (B,T,C,h,w); hidden frames are the newest visible one, encoded once."""
        visible = time - self.hidden_frames
        found = self.encoders[index](fold_time(stream))
        return [_extend(unfold_time(level, visible), self.hidden_frames) for level in found]

    def _skip(
        self, level: int, pair: tuple[Tensor, Tensor], weights: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Channel shuffle, then attention; the shuffle's weights are added to `weights`."""
        if len(self.shuffles):
            laplacian, residual, weight = self.shuffles[level](*pair)
            pair = laplacian, residual
            weights.append(weight)
        if len(self.attentions):
            attention = self.attentions[level]
            assert isinstance(attention, TemporalMixer)
            laplacian, residual = attention.streams(*pair)
            pair = laplacian, residual
        return pair


def attention_heads(channels: int) -> int:
    """Heads of at least 8 channels each, at most 8: work of softmax grows with the heads alone."""
    return min(8, max(1, channels // 8))


def _skip_attention(config: NetworkConfig, level: int, channels: int) -> TemporalMixer:
    kind: type[TemporalAttention | MultiScaleTemporalAttention | HierarchicalTemporalAttention]
    match skip_kind(config, level):
        case "basic":
            kind = TemporalAttention
        case "multi-scale":
            kind = MultiScaleTemporalAttention
        case "hierarchical":
            kind = HierarchicalTemporalAttention
    return kind(channels, config.frames, attention_heads(channels), skip_pool(config, level))


def skip_kind(config: NetworkConfig, level: int) -> Literal["basic", "multi-scale", "hierarchical"]:
    """Attention on a skip, 0 = the outermost, where the settings ask for more than `basic`."""
    if level == 0 and config.temporal != "basic":
        return "multi-scale"
    if level > 0 and config.temporal in ("hierarchical", "full"):
        return "hierarchical"
    return "basic"


def skip_pool(config: NetworkConfig, level: int) -> int:
    """Width of the squares that attention looks at on a skip, 0 = the outermost.

    It has four times the places of the next and looks at squares twice as wide.
    """
    return config.attention_pool * (2 if level == 0 and config.attention_pool > 1 else 1)


def _extend(video: Tensor, count: int) -> Tensor:
    """The newest frame `count` times more."""
    if count == 0:
        return video
    return torch.cat((video, video[:, -1:].expand(-1, count, -1, -1, -1)), dim=1)
