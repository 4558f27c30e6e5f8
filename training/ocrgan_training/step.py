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
from ocrgan_training import processes
from ocrgan_training.data.loader import Batch, split, to_device
from ocrgan_training.learner import Learner, parts_of, update_average
from ocrgan_training.local_objective import LocalWeights, Taught, local_losses
from ocrgan_training.losses import (
    DiscriminatorLosses,
    GeneratorLosses,
    LocalLosses,
    LossWeights,
    is_finite,
)
from ocrgan_training.network.ocr_gan_video import Reconstruction
from ocrgan_training.objectives import Shown, discriminator_losses, generator_losses

WINDOWS_APART, PROCESSES_APART = 1 << 40, 1 << 41
"""How far seeds of windows, and of processes, lie from each other: farther than steps go."""


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
    stacks_per_update: int = 12
    """The local discriminator is updated once for so many stacks of a step, of all processes: it
    learns the most, and one update of it costs the least."""
    local_weights: LocalWeights = LocalWeights()
    """Of the local discriminator's terms."""
    teacher_weight: float = 1.0
    """Of the teacher's part in the local discriminator's loss, where there is a teacher."""
    average: float = 0.99
    """Memory of the running average of weights; 0 for none."""
    dropout: float = 0.1
    """Share of attention that is dropped. Each process draws its own: without dropout, two
    processes do exactly what one does with both batches."""

    def local_updates(self, stacks: int) -> int:
        """Updates of the local discriminator in a step with so many stacks, at least 1."""
        return max(1, round(stacks / self.stacks_per_update))


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
    engine, network, clock = learner.engine, learner.network, _Clock()
    batch = to_device(batch, engine.device, engine.dtype)
    real, warm = network.reduce(batch.windows), moment.warm_up
    with _seeded(seed, learner, len(real)) as generators:
        with engine.autocast():
            made = network.reconstruct(real, settings.noise, generators)
            rebuilt = Reconstruction(*(_counted(learner, part.to(real.dtype)) for part in made))
        real = _counted(learner, real)
        clock.lap("generator")
        with engine.autocast():
            regularised = settings.weights.attention * warm
            frame = discriminator_losses(
                network, Shown(real, rebuilt.fake.detach(), batch), regularised
            )
        found = _update(learner, "discriminator", frame, settings.clip)
        clock.lap("discriminator")
        with engine.autocast():
            losses = generator_losses(network, real, rebuilt, settings.weights, warm)
        found = _update(learner, "generator", losses, settings.clip) | found
        clock.lap("generator")
        if network.local_discriminator is not None:
            found |= _update_local(learner, batch, settings)
            clock.lap("local")
    learner.step += 1
    learner.seen["windows"] += len(real) * processes.count()
    learner.seen["stacks"] += len(batch.stacks) * processes.count()
    update_average(learner, settings.average)
    clock.lap("average")
    return StepResult(found, clock.seconds)


def _counted(learner: Learner, video: Tensor) -> Tensor:
    """The frames that have all of their past before them: all but a clip's lead-in."""
    lead_in = learner.network.config.lead_in
    return video[:, lead_in:] if lead_in else video


def _update_local(learner: Learner, batch: Batch, settings: StepSettings) -> dict[str, float]:
    """Several updates, each on its part of the stacks; what the last one found."""
    found: dict[str, float] = {}
    for part in split(batch, settings.local_updates(len(batch.stacks) * processes.count())):
        with learner.engine.autocast():
            taught = None
            if learner.teacher is not None:
                taught = Taught(learner.teacher(part.stacks), settings.teacher_weight)
            local = local_losses(learner.network, part, settings.local_weights, taught)
        found = _update(learner, "local", local, settings.clip)
    return found


def _update(
    learner: Learner,
    part: str,
    losses: GeneratorLosses | DiscriminatorLosses | LocalLosses,
    clip: float,
) -> dict[str, float]:
    """Steps one part's optimiser along the gradient of the total loss; gives the losses by name.

    Losses and gradients are means over all processes, so that all of them see the same and stop
    together where one is no longer a number.
    """
    values = processes.average(torch.stack([loss.detach() for loss in losses]))
    if not is_finite((values,)):
        raise DivergedError(
            f"the {part}'s loss is no longer a number in step {learner.step}: "
            "a smaller learning rate or another --seed may help"
        )
    parameters = list(parts_of(learner.network)[part].parameters())
    optimiser = learner.optimisers[part]
    optimiser.zero_grad()
    torch.autograd.backward(losses.total, inputs=parameters)
    processes.average_gradients(parameters)
    length = clip_grad_norm_(parameters, clip)
    if not is_finite((length,)):
        raise DivergedError(f"the {part}'s gradient is no longer a number in step {learner.step}")
    optimiser.step()
    names = (f"{part}/{name}" for name in losses._fields)
    return dict(zip(names, values.tolist(), strict=True))


@contextmanager
def _seeded(seed: int, learner: Learner, windows: int) -> Iterator[list[torch.Generator]]:
    """Dropout and noise drawn from seed and step alone, so that resuming needs no random state."""
    mixed = seed * 1_000_003 + learner.step
    device = torch.device(learner.engine.device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed((mixed + processes.rank() * PROCESSES_APART) % 2**63)
        yield _of_windows(mixed + 1, windows)


def _of_windows(seed: int, number: int) -> list[torch.Generator]:
    """Where each window's noise is drawn from: the same, whichever process has the window."""
    places = range(processes.rank(), number * processes.count(), processes.count())
    return [torch.Generator().manual_seed((seed + WINDOWS_APART * i) % 2**63) for i in places]


class _Clock:
    """Seconds spent by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, part: str) -> None:
        now = time.perf_counter()
        self.seconds[part] = self.seconds.get(part, 0.0) + now - self._since
        self._since = now
