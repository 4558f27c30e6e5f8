"""One step of training: the frame discriminator, the generator, the local discriminator."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from ocrgan_edge.errors import OcrganError
from ocrgan_training.data.loader import Batch, split
from ocrgan_training.learner import Learner, parts_of, update_average
from ocrgan_training.losses import (
    DiscriminatorLosses,
    GeneratorLosses,
    LocalLosses,
    LossWeights,
    is_finite,
)
from ocrgan_training.objectives import discriminator_losses, generator_losses, local_losses


class DivergedError(OcrganError):
    """A loss or a gradient is no longer a number."""


@dataclass(frozen=True)
class StepSettings:
    """How a step is done."""

    weights: LossWeights = field(default_factory=LossWeights)
    noise: float = 0.3
    """σ of the noise that the generator has to see through; the original recipe's is 1.0."""
    clip: float = 1.0
    """Longest gradient of each part."""
    local_updates: int = 2
    """Updates of the local discriminator in a step, each on its part of the stacks."""
    normal_weight: float = 1.0
    """Of normal patches in the local discriminator's loss; anomalous ones have 1."""
    average: float = 0.995
    """Memory of the running average of weights; 0 for none."""


@dataclass(frozen=True)
class Moment:
    """Where in the schedule a step lies."""

    rate: float = 1.0
    """Factor of the learning rates."""
    warm_up: float = 1.0
    """Factor of the temporal losses."""


class StepResult(NamedTuple):
    """What a step found."""

    losses: dict[str, float]
    """By part and term, as `generator/context`."""
    seconds: dict[str, float]
    """Spent by part."""


def train_step(
    learner: Learner, batch: Batch, settings: StepSettings, moment: Moment, seed: int
) -> StepResult:
    """Updates `learner` by one batch; the same learner, batch and seed give the same result.

    Raises:
        DivergedError: a loss or a gradient is NaN or infinite; that part was not updated.
    """
    learner.set_rate(moment.rate)
    network, real, clock = learner.network, batch.windows, _Clock()
    with _seeded(seed, learner.step) as random:
        rebuilt = network.reconstruct(real, settings.noise, random)
        clock.lap("generator")
        regularised = settings.weights.attention * moment.warm_up
        frame = discriminator_losses(network, batch, rebuilt.fake.detach(), regularised)
        _update(learner, "discriminator", frame, settings.clip)
        clock.lap("discriminator")
        made = generator_losses(network, real, rebuilt, settings.weights, moment.warm_up)
        _update(learner, "generator", made, settings.clip)
        clock.lap("generator")
        found = _named("generator", made) | _named("discriminator", frame)
        if network.local_discriminator is not None:
            for part in split(batch, settings.local_updates):
                local = local_losses(network, part, settings.normal_weight)
                _update(learner, "local", local, settings.clip)
            found |= _named("local", local)
            clock.lap("local")
    learner.step += 1
    learner.seen["windows"] += len(real)
    learner.seen["stacks"] += len(batch.stacks)
    update_average(learner, settings.average)
    clock.lap("average")
    return StepResult(found, clock.seconds)


def _update(learner: Learner, part: str, losses: tuple[Tensor, ...], clip: float) -> None:
    """Steps one part's optimiser along the gradient of the total loss, which comes first."""
    if not is_finite(losses):
        raise DivergedError(
            f"the {part}'s loss is no longer a number in step {learner.step}: "
            "a smaller learning rate or another --seed may help"
        )
    parameters = list(parts_of(learner.network)[part].parameters())
    optimiser = learner.optimisers[part]
    optimiser.zero_grad()
    torch.autograd.backward(losses[0], inputs=parameters)
    length = clip_grad_norm_(parameters, clip)
    if not is_finite((length,)):
        raise DivergedError(f"the {part}'s gradient is no longer a number in step {learner.step}")
    optimiser.step()


def _named(
    part: str, losses: GeneratorLosses | DiscriminatorLosses | LocalLosses
) -> dict[str, float]:
    return {f"{part}/{name}": value.item() for name, value in losses._asdict().items()}


@contextmanager
def _seeded(seed: int, step: int) -> Iterator[torch.Generator]:
    """Dropout and noise drawn from seed and step alone, so that resuming needs no random state."""
    mixed = (seed * 1_000_003 + step) % 2**63
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(mixed)
        yield torch.Generator().manual_seed(mixed + 1)


class _Clock:
    """Seconds spent by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, part: str) -> None:
        now = time.perf_counter()
        self.seconds[part] = self.seconds.get(part, 0.0) + now - self._since
        self._since = now
