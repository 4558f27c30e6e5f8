"""The generator frame by frame."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ocrgan_training.network.convolution import fold_time, unfold_time
from ocrgan_training.network.frequency import Streams, decompose
from ocrgan_training.network.generator import SUMMARY_SHARE, Generated, Generator
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.network.streaming.attention import Memory
from ocrgan_training.network.streaming.causal_module import follow, halved
from ocrgan_training.network.streaming.fusion import CausalFeatureFusion, Summarised
from ocrgan_training.network.streaming.mixers import CausalEnhancedFusion
from ocrgan_training.network.streaming.skip import CausalSkip, SkipState, causal_heads


class GeneratorState(NamedTuple):
    """The past of a `CausalGenerator`; None for what its settings leave out."""

    waiting: Float[Tensor, "b hidden 3 h w"] | None
    """The newest frames, which the generator does not see yet."""
    summary: Summarised | None
    skips: tuple[SkipState, ...]
    """Outermost first."""
    bottleneck: Memory | None


class CausalGenerator(Generator):
    """`Generator` in which no frame sees a later one.

    With `hidden_frames` = h, a frame is predicted from those up to h before it.
    """

    def __init__(self, config: NetworkConfig) -> None:
        """Encoders and decoders are the windowed form's; `config` as there."""
        plain = replace(config, temporal="none", causal=False, patches="stack")
        super().__init__(replace(plain, channel_shuffle=False, hidden_frames=0))
        self.wait, self.levels = config.hidden_frames, config.levels
        self.skips = nn.ModuleList(CausalSkip(config, level) for level in range(self.levels - 1))
        self.summary: CausalFeatureFusion | None = None
        self.bottleneck: CausalEnhancedFusion | None = None
        if config.temporal == "full":
            embedding, width = min(config.base_width, 32), config.level_widths[-1]
            self.summary = CausalFeatureFusion(3, config.frames, embedding, config.patch)
            self.bottleneck = CausalEnhancedFusion(width, config.frames, causal_heads(width // 2))

    def forward(
        self,
        laplacian: Float[Tensor, "b t 3 h w"],
        residual: Float[Tensor, "b t 3 h w"],
        noise: float = 0.0,
        generators: Sequence[torch.Generator] = (),
    ) -> Generated:
        """The windowed face: as `Generator`, on a clip of any length with nothing before it."""
        size = laplacian.shape[-2], laplacian.shape[-1]
        state = self.initial_state(laplacian.shape[0], size)
        return self.run(Streams(laplacian, residual), state, noise, generators)[0]

    def run(
        self,
        streams: Streams,
        state: GeneratorState,
        noise: float = 0.0,
        generators: Sequence[torch.Generator] = (),
    ) -> tuple[Generated, GeneratorState]:
        """Rebuilds any number of frames, (B,T',3,H,W) in each stream, that follow on `state`."""
        time = streams.laplacian.shape[1]
        streams, waiting = self._delayed(streams, state.waiting)
        streams, summary = self._with_summary(streams, state.summary)
        levels = [
            self._encode(index, self._input(stream, noise, generators), time)
            for index, stream in enumerate(streams)
        ]
        weights: list[Tensor] = []
        skips: list[SkipState] = []
        for level, past in enumerate(state.skips):
            skip = self.skips[level]
            assert isinstance(skip, CausalSkip)
            skipped, after = skip.run(levels[0][level], levels[1][level], past)
            levels[0][level], levels[1][level] = skipped.laplacian, skipped.residual
            weights += [] if skipped.weight is None else [skipped.weight]
            skips.append(after)
        bottleneck = self._pass_bottleneck(levels, state.bottleneck)
        rebuilt = [self._decode(index, found, time) for index, found in enumerate(levels)]
        after_all = GeneratorState(waiting, summary, tuple(skips), bottleneck)
        return Generated(rebuilt[0], rebuilt[1], weights), after_all

    def step(self, streams: Streams, state: GeneratorState) -> tuple[Streams, GeneratorState]:
        """Rebuilds one frame, (B,3,H,W) in each stream."""
        frames = Streams(streams.laplacian[:, None], streams.residual[:, None])
        made, state = self.run(frames, state)
        return Streams(made.laplacian[:, 0], made.residual[:, 0]), state

    def initial_state(self, batch: int, size: tuple[int, int]) -> GeneratorState:
        """Before the first frame of `batch` videos of `size` = (H,W)."""
        waiting = next(self.parameters()).new_zeros(batch, self.wait, 3, *size)
        skips = []
        for level, skip in enumerate(self.skips):
            assert isinstance(skip, CausalSkip)
            skips.append(skip.initial_state(batch, halved(size, level + 1)))
        bottom = halved(size, self.levels)
        return GeneratorState(
            waiting if self.wait else None,
            None if self.summary is None else self.summary.initial_state(batch, size),
            tuple(skips),
            None if self.bottleneck is None else self.bottleneck.initial_state(2 * batch, bottom),
        )

    @staticmethod
    def _delayed(streams: Streams, waiting: Tensor | None) -> tuple[Streams, Tensor | None]:
        """The frames that the generator may see by now. Kept whole, one image instead of two."""
        if waiting is None:
            return streams, None
        frames, after = follow(waiting, streams.laplacian + streams.residual)
        return decompose(frames[:, : streams.laplacian.shape[1]]), after

    def _with_summary(
        self, streams: Streams, state: Summarised | None
    ) -> tuple[Streams, Summarised | None]:
        if self.summary is None or state is None:
            return streams, state
        found, after = self.summary.run(streams.laplacian + streams.residual, state)
        summary = SUMMARY_SHARE * found
        return Streams(streams.laplacian + summary, streams.residual + summary), after

    def _pass_bottleneck(self, levels: list[list[Tensor]], state: Memory | None) -> Memory | None:
        """Changes the last level of both streams; gives the state after it."""
        if self.bottleneck is None or state is None:
            return state
        bottom = levels[0][-1], levels[1][-1]
        (levels[0][-1], levels[1][-1]), after = self.bottleneck.run_streams(bottom, state)
        return after

    def _decode(self, index: int, found: list[Tensor], time: int) -> Tensor:
        folded = [fold_time(level) for level in found]
        return unfold_time(self.decoders[index](folded[-1], folded[:-1]), time)
