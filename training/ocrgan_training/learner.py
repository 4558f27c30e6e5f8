"""What a training changes from step to step: weights, their running average, optimisers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.optim import Adam, Optimizer

from ocrgan_training import processes
from ocrgan_training.engine import Engine
from ocrgan_training.network.make_network import make_network
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import NetworkConfig

BETAS = (0.5, 0.999)


@dataclass(frozen=True)
class Rates:
    """Learning rates before the schedule."""

    generator: float = 1e-3
    discriminator: float = 4e-4
    local: float = 1e-3


RECIPE = Rates(generator=2e-4, discriminator=2e-4, local=2e-4)
"""The published rates, made for trainings of many epochs (docs/decisions/004-learning-rate.md)."""


@dataclass
class Learner:
    """A network in training."""

    network: OcrGanVideo
    average: OcrGanVideo
    """Exponential moving average of the weights: what is evaluated and exported."""
    optimisers: dict[str, Optimizer]
    """By part: generator, discriminator, local."""
    rates: dict[str, float]
    engine: Engine = field(default_factory=Engine)
    """How it is computed."""
    teacher: Callable[[torch.Tensor], torch.Tensor] | None = None
    """Gives patch logits of stacks, which the local discriminator then learns, too."""
    step: int = 0
    """Steps done."""
    seen: dict[str, int] = field(default_factory=lambda: {"windows": 0, "stacks": 0})

    def set_rate(self, factor: float) -> None:
        """Sets every learning rate to its initial value times `factor`."""
        for part, optimiser in self.optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = self.rates[part] * factor


def make_learner(
    config: NetworkConfig, rates: Rates, seed: int, engine: Engine | None = None
) -> Learner:
    """A fresh network with its optimisers; the same seed gives the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make_network(config)
    return learner_of(network, rates, engine or Engine())


def learner_of(network: OcrGanVideo, rates: Rates, engine: Engine) -> Learner:
    """A learner around a network, with its convolutions laid out channels last."""
    network = channels_last(network.to(engine.device, engine.dtype)).train()
    if processes.count() > 1:
        processes.share_normalisation(network)
    parts = {
        name: module
        for name, module in parts_of(network).items()
        if any(True for _ in module.parameters())
    }
    chosen = {
        "generator": rates.generator,
        "discriminator": rates.discriminator,
        "local": rates.local,
    }
    average = channels_last(copy.deepcopy(network)).eval().requires_grad_(False)
    engine.prepare(network)
    return Learner(
        network=network,
        average=average,
        optimisers={
            name: Adam(module.parameters(), chosen[name], betas=BETAS)
            for name, module in parts.items()
        },
        rates=chosen,
        engine=engine,
    )


def parts_of(network: OcrGanVideo) -> dict[str, nn.Module]:
    """What each optimiser updates; attention over features belongs to the discriminator."""
    frame = [network.discriminator, network.feature_attention]
    return {
        "generator": network.generator,
        "discriminator": nn.ModuleList(module for module in frame if module is not None),
        "local": nn.ModuleList(
            module for module in [network.local_discriminator] if module is not None
        ),
    }


def channels_last(network: OcrGanVideo) -> OcrGanVideo:
    """Lays convolution weights out channels last in place: 10–40 % faster on CPUs."""
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network


def set_dropout(network: OcrGanVideo, share: float) -> None:
    """Sets the share of attention that is dropped in training, everywhere."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = share


@torch.no_grad()
def update_average(learner: Learner, decay: float) -> None:
    """Moves the average: decay·average + (1 − decay)·weights, with a shorter memory at first.

    BatchNorm's statistics are averaged alike; counters are copied. `decay` 0 copies everything.
    """
    decay = min(decay, (1 + learner.step) / (10 + learner.step))
    averages, values = _tensors(learner.average), _tensors(learner.network)
    torch._foreach_lerp_(averages, values, 1 - decay)
    for average, value in zip(learner.average.buffers(), learner.network.buffers(), strict=True):
        if not value.is_floating_point():
            average.copy_(value)


def _tensors(network: OcrGanVideo) -> list[torch.Tensor]:
    buffers = [buffer for buffer in network.buffers() if buffer.is_floating_point()]
    return [*(parameter.data for parameter in network.parameters()), *buffers]
