"""The fused graph: uint8 frames in, score out, everything in between inside.

What could be computed twice is computed once: the decomposition, the discriminator on real and
reconstructed frames (one batch), the error maps that several terms share.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ocrgan_edge.detection.explain import CLIP, TERM_WEIGHTS
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.scorer import TERMS
from ocrgan_training.network.frequency import decompose
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import NetworkConfig

CELL, COARSE_CELL = 4, 8
"""Pixels per cell of the anomaly map; the larger one where the generator sees reduced frames."""

SEED_WEIGHTS = (0.9, 0.1)
"""Reconstruction and features in the published score."""


class GraphOutputs(NamedTuple):
    """What a graph gives, in the order and with the names that every target keeps; float32."""

    score: Tensor
    """(1,)"""
    frame_scores: Tensor
    """(T,)"""
    anomaly_map: Tensor
    """(T, h, w)"""
    shares: Tensor
    """(K,), sum 1"""
    attention: Tensor | None
    """(T,), sum 1; None where the network has no attention over time. Not the last one: OpenVINO
    would fuse the rest differently, and round differently."""
    seed: Tensor
    """(1,)"""
    terms: Tensor
    """(K, T, h, w), at least 0"""


class ScoringGraph(nn.Module, ABC):
    """A network with what makes a score of what it finds; subclasses say what comes in and goes."""

    term_weights: Tensor

    def __init__(self, network: OcrGanVideo, term_weights: Sequence[float] = TERM_WEIGHTS) -> None:
        """Copies the network, in evaluation mode.

        Args:
            network: a trained network; height and width are multiples of 32 · reduction.
            term_weights: (K,) weight of each term in the anomaly map.

        Raises:
            SettingsError: the network's size has no whole grid, or there are not K weights.
        """
        super().__init__()
        config = network.config
        step = 32 * config.reduction
        if config.height % step or config.width % step:
            raise SettingsError(
                f"the network's frames are {config.height}x{config.width}, "
                f"but an exported graph needs multiples of {step}"
            )
        if len(term_weights) != len(TERMS):
            raise SettingsError(
                f"{len(term_weights)} term weights given, but there are {len(TERMS)}"
            )
        # The given one is left as it is.
        self.network: OcrGanVideo = copy.deepcopy(network).eval()
        self.config = config
        self.grid = grid_of(config)
        self.recent = min(config.recent, config.frames)
        self.register_buffer("term_weights", torch.tensor(term_weights).view(-1, 1, 1, 1))

    @abstractmethod
    def example(self) -> dict[str, Tensor]:
        """Gray frames under neutral statistics, and whatever else goes in, by the inputs' names."""

    @abstractmethod
    def over(self, frames: Tensor, mean: Tensor, scale: Tensor) -> GraphOutputs:
        """What it says about a window (1, T, H, W, 3) by itself, statistics as of `forward`."""

    @property
    def outputs(self) -> list[str]:
        """Names of what comes out; without attention over time there is none to tell."""
        looks = self.network.feature_attention is not None
        return [name for name in GraphOutputs._fields if looks or name != "attention"]

    def _example(self, frames: int) -> dict[str, Tensor]:
        size = (1, frames, self.config.height, self.config.width, 3)
        grid = (len(self.term_weights), *self.grid)
        return {
            "frames": torch.full(size, 127, dtype=torch.uint8),
            "location_mean": torch.zeros(grid),
            "location_scale": torch.ones(grid),
        }

    def _scored(
        self,
        terms: Tensor,
        seed: Tensor,
        attention: Tensor | None,
        location: tuple[Tensor, Tensor],
    ) -> GraphOutputs:
        """What is told of raw terms (K, T, h, w), whose newest frames the score is made of."""
        parts = self._weighted(terms, *location)
        anomaly_map = around(parts.sum(0))
        score, shares = self._newest(parts, anomaly_map)
        frame_scores = anomaly_map.amax((1, 2))
        return GraphOutputs(score, frame_scores, anomaly_map, shares, attention, seed, terms)

    def _on_grid(self, difference: Tensor) -> Tensor:
        """(1, T, 3, H', W') → mean square over colour and 8×8 pixels, every 4: (T, h, w)."""
        square = difference[0].square().mean(1, keepdim=True)
        pooled = functional.avg_pool2d(square, 8, stride=4, padding=2, count_include_pad=False)
        return self._resized(pooled)[:, 0]

    def _feature_distance(self, attended: Tensor) -> tuple[Tensor, Tensor]:
        """Squared distance of (real, fake) features as (T, h, w), and as it is (T, 1, h', w')."""
        distance = (attended[0] - attended[1]).square().mean(1, keepdim=True)
        return self._resized(distance)[:, 0], distance

    def _evidence(self, logits: Tensor) -> Tensor:
        """The local discriminator's logits (N, h'', w'') as evidence (N, h, w)."""
        return self._resized(functional.softplus(-logits)[:, None])[:, 0]

    def _resized(self, coarse: Tensor) -> Tensor:
        if coarse.shape[-2:] == self.grid:
            return coarse
        return functional.interpolate(coarse, self.grid, mode="bilinear", align_corners=False)

    def _weighted(self, terms: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
        """Each term's part in the anomaly map: (K, T, h, w)."""
        unusual = (terms - mean[:, None]) / scale[:, None]
        return unusual.clamp(*CLIP) * self.term_weights

    def _newest(self, parts: Tensor, anomaly_map: Tensor) -> tuple[Tensor, Tensor]:
        """Score (1,) of the newest frames at their worst place, and the terms' shares (K,)."""
        worst = anomaly_map[-self.recent :].mean(0).flatten()  # (h·w,)
        place = worst.argmax(0, keepdim=True)
        for_it = around(parts[:, -self.recent :].clamp(min=0).mean(1)).flatten(1)  # (K, h·w)
        there = for_it.index_select(1, place)[:, 0]
        total = there.sum()
        equal = torch.full_like(there, 1.0 / len(TERMS))
        shares = torch.where(total > 0, there / total.clamp(min=1e-12), equal)
        return worst.index_select(0, place), shares


class FusedGraph(ScoringGraph):
    """A network, its preprocessing and its scoring as one module of static shapes."""

    def example(self) -> dict[str, Tensor]:
        """A gray window."""
        return self._example(self.config.frames)

    def over(self, frames: Tensor, mean: Tensor, scale: Tensor) -> GraphOutputs:
        """The same as a call."""
        return self.forward(frames, mean, scale)

    def forward(
        self, frames: Tensor, location_mean: Tensor, location_scale: Tensor
    ) -> GraphOutputs:
        """Scores one window.

        Args:
            frames: (1, T, H, W, 3) uint8, blue-green-red.
            location_mean: (K, h, w) what each term is like at each place in normal life.
            location_scale: (K, h, w) above 0.
        """
        terms, seed, attention = self._terms(to_video(frames))
        return self._scored(terms, seed, attention, (location_mean, location_scale))

    def _terms(self, video: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """(1, T, 3, H, W) → raw terms (K, T, h, w), the published score (1,), attention (T,)."""
        reduced = self.network.reduce(video)
        laplacian, residual = decompose(reduced)
        fake = self.network.rebuild(laplacian, residual)
        fake_video = fake.laplacian + fake.residual
        error = reduced - fake_video
        change = error[:, 1:] - error[:, :-1]
        motion = self._on_grid(change)
        both = self.network.features(torch.cat([reduced, fake_video]))
        feature, distance = self._feature_distance(both.attended)
        terms = torch.stack(
            [
                self._on_grid(laplacian - fake.laplacian),
                self._on_grid(residual - fake.residual),
                torch.cat([motion[:1], motion]),
                feature,
                self._patch(video),
            ]
        )
        seed = SEED_WEIGHTS[0] * error.square().mean() + SEED_WEIGHTS[1] * distance.mean()
        return terms, seed.view(1), self._attention(both.raw)

    def _attention(self, raw: Tensor) -> Tensor | None:
        """Where the newest real frame looks, mean of places and heads: (T,).

        Args:
            raw: (2, T, nz, h', w') features of the real and of the rebuilt window. Both are
                projected, as they were before to be attended: an exported graph does it once.
        """
        if self.network.feature_attention is None:
            return None
        newest = self.network.feature_attention.newest(raw)  # (2·h'·w', heads, T)
        return newest[: len(newest) // 2].mean((0, 1))

    def _patch(self, video: Tensor) -> Tensor:
        """Evidence of the local discriminator, the same for every frame: (T, h, w)."""
        frames = self.config.frames
        if self.network.local_discriminator is None:
            return video.new_zeros((frames, *self.grid))
        logits = self.network.patch_logits(video)  # (1, h'', w'')
        return self._evidence(logits).expand(frames, -1, -1)


def grid_of(config: NetworkConfig) -> tuple[int, int]:
    """Cells (h, w) of a network's anomaly map."""
    cell = CELL if config.reduction == 1 else COARSE_CELL
    return config.height // cell, config.width // cell


def around(maps: Tensor) -> Tensor:
    """(N, h, w): each cell becomes the mean of itself and its neighbours, 3×3.

    What is unusual covers more than one cell; noise does not.
    """
    return functional.avg_pool2d(maps, 3, stride=1, padding=1, count_include_pad=False)


def to_video(frames: Tensor) -> Tensor:
    """uint8 (B, T, H, W, 3) → float (B, T, 3, H, W) in -1 … 1."""
    return frames.permute(0, 1, 4, 2, 3).float() / 127.5 - 1.0
