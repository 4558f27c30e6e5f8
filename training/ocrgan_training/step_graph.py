"""The step graph: one frame and what is known of those before in, its score and that state out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ocrgan_edge.detection.explain import TERM_WEIGHTS
from ocrgan_edge.errors import SettingsError
from ocrgan_training.fused_graph import (
    SEED_WEIGHTS,
    GraphOutputs,
    ScoringGraph,
    to_video,
)
from ocrgan_training.network.frequency import decompose
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.streaming.causal_network import (
    CausalOcrGanVideo,
    NetworkState,
    Seen,
)
from ocrgan_training.network.streaming.mixers import CausalTemporalAttention
from ocrgan_training.network.streaming.state import named_tensors, with_tensors

STATE, NEXT = "state.", "next."
"""What names begin with of a state's tensors as inputs, and of the same as outputs."""


class StepState(NamedTuple):
    """All that a camera keeps from frame to frame, zeros at first."""

    network: NetworkState
    error: Tensor
    """(1, 3, h', w') of the newest frame as it was rebuilt."""
    terms: Tensor | None
    """(K − 1, recent − 1, h, w) raw terms of the newest frames; None where one frame is a score.
    Of the last term, only the newest frame's evidence counts."""


class Found(NamedTuple):
    """What is found in frames before it is scored."""

    terms: Tensor
    """(K − 1, T', h, w), all but the local discriminator's."""
    evidence: Tensor
    """(T', h, w), the local discriminator's."""
    seed: Tensor
    """(T',), the published score of each frame."""
    seen: Seen


class StepGraph(ScoringGraph):
    """A causal network, its preprocessing and its scoring, one frame a call.

    What it tells is what a window of the `recent` newest frames would: maps and terms of those
    that a score is made of. Attention tells of T frames.
    """

    network: CausalOcrGanVideo

    def __init__(self, network: OcrGanVideo, term_weights: Sequence[float] = TERM_WEIGHTS) -> None:
        """As `ScoringGraph`. Raises SettingsError for a network that cannot be stepped."""
        if not isinstance(network, CausalOcrGanVideo):
            raise SettingsError(
                "the network sees windows, but a step graph needs one that was trained frame by "
                "frame (--temporal causal)"
            )
        super().__init__(network, term_weights)

    def example(self) -> dict[str, Tensor]:
        """A gray frame with nothing before it."""
        state = {f"{STATE}{name}": value for name, value in named_tensors(self.initial_state())}
        return self._example(1) | state

    @property
    def outputs(self) -> list[str]:
        """As of a window, then the state."""
        names = [name for name, _ in named_tensors(self.initial_state())]
        return super().outputs + [f"{NEXT}{name}" for name in names]

    def initial_state(self) -> StepState:
        """Before the first frame."""
        like, kept = self.term_weights, self.recent - 1
        terms = like.new_zeros(len(like) - 1, kept, *self.grid) if kept else None
        error = like.new_zeros(1, 3, *self.config.reduced_size)
        return StepState(self.network.initial_state(), error, terms)

    def over(self, frames: Tensor, mean: Tensor, scale: Tensor) -> GraphOutputs:
        """Of the newest frame, with those before it as its past: all of these in one go.

        Before the first T frames come the same backwards, as `warmed_up` shows them to a device.
        """
        backwards = frames[:, 1 : self.config.frames].flip(1)
        video, state = to_video(torch.cat([backwards, frames], dim=1)), self.initial_state()
        if video.shape[1] > 1:
            _, state = self.run(video[:, :-1], state)
        return self.step(video[:, -1:], state, (mean, scale))[0]

    def forward(
        self, frames: Tensor, location_mean: Tensor, location_scale: Tensor, *state: Tensor
    ) -> tuple[Tensor, ...]:
        """Scores one frame.

        Args:
            frames: (1, 1, H, W, 3) uint8, blue-green-red.
            location_mean: (K, h, w) what each term is like at each place in normal life.
            location_scale: (K, h, w) above 0.
            state: the tensors of a `StepState` in order.

        Returns:
            `outputs`: those of `GraphOutputs` that there are, then the state's tensors.
        """
        before = with_tensors(self.initial_state(), iter(state))
        told, after = self.step(to_video(frames), before, (location_mean, location_scale))
        given = [value for value in told if value is not None]
        return (*given, *(value for _, value in named_tensors(after)))

    def step(
        self, video: Tensor, state: StepState, location: tuple[Tensor, Tensor]
    ) -> tuple[GraphOutputs, StepState]:
        """As `forward`, for pixels (1, 1, 3, H, W) in -1 … 1 and a state as it is."""
        found, after = self.run(video, state)
        terms = self.with_evidence(found.terms, state.terms, found.evidence)
        attention = self._looks(found.seen.features.raw, state.network)
        return self._scored(terms, found.seed, attention, location), after

    def run(self, video: Tensor, state: StepState) -> tuple[Found, StepState]:
        """Any number of frames (1, T', 3, H, W) that follow on `state`."""
        reduced = self.network.reduce(video)
        laplacian, residual = decompose(reduced)
        seen, network = self.network.run(video, state.network)
        error = reduced - seen.rebuilt.fake
        change = error - torch.cat((state.error[:, None], error[:, :-1]), dim=1)
        feature, distance = self._feature_distance(seen.features.attended)
        terms = torch.stack(
            [
                self._on_grid(laplacian - seen.rebuilt.fake_laplacian),
                self._on_grid(residual - seen.rebuilt.fake_residual),
                self._on_grid(change),
                feature,
            ]
        )
        rebuilt = error.square().mean((0, 2, 3, 4))
        seed = SEED_WEIGHTS[0] * rebuilt + SEED_WEIGHTS[1] * distance.mean((1, 2, 3))
        kept = self._newest_terms(terms, state.terms)
        found = Found(terms, self._evidence_of(seen, terms), seed, seen)
        return found, StepState(network, error[:, -1], kept)

    @staticmethod
    def with_evidence(terms: Tensor, before: Tensor | None, evidence: Tensor) -> Tensor:
        """Raw terms (K, recent, h, w) of the frames that the newest one's score is made of.

        Args:
            terms: (K − 1, 1, h, w) of the newest frame.
            before: (K − 1, recent − 1, h, w) of those before it.
            evidence: (1, h, w) of the newest frame; it stands for all, as in a window.
        """
        every = terms if before is None else torch.cat((before, terms), dim=1)
        return torch.cat((every, evidence.expand(1, every.shape[1], -1, -1)))

    def _newest_terms(self, terms: Tensor, before: Tensor | None) -> Tensor | None:
        if before is None:
            return None
        return torch.cat((before, terms), dim=1)[:, terms.shape[1] :]

    def _evidence_of(self, seen: Seen, terms: Tensor) -> Tensor:
        if seen.patches is None:
            return torch.zeros_like(terms[0])
        return self._evidence(seen.patches[0])

    def _looks(self, raw: Tensor, before: NetworkState) -> Tensor | None:
        """Where the newest real frame looks, mean of places and heads: (T,)."""
        attention, memory = self.network.feature_attention, before.features
        if not isinstance(attention, CausalTemporalAttention) or memory is None:
            return None
        looks = attention.looks(raw[:, -1], memory)  # (2·h'·w', heads, T)
        return looks[: len(looks) // 2].mean((0, 1))
