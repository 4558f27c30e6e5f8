"""How long a training lasts, and how fast it learns at each moment of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ocrgan_edge.errors import SettingsError
from ocrgan_training.losses import warm_up
from ocrgan_training.step import Moment

FLOOR = 0.05
"""Learning rate at the end of a cosine, as a share of the first one."""
WARM_SHARE = 0.2
"""Share of a budget after which the temporal losses count in full at the latest."""


@dataclass(frozen=True)
class Spent:
    """How far a training has come."""

    seconds: float = 0.0
    """Of training, over all sessions, without decoding."""
    epochs: float = 0.0
    steps: int = 0


@dataclass(frozen=True)
class Budget:
    """What a training may spend: exactly one of the three."""

    minutes: float | None = None
    epochs: int | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        """Refuses none, several, or a budget that is not above 0."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        if len(given) != 1:
            names = " and ".join(f"--{name}" for name in given) or "none of them"
            raise SettingsError(f"give one of --minutes, --epochs, --steps, not {names}")
        for name, value in given.items():
            if not 0 < value < math.inf:
                raise SettingsError(f"--{name} is {value}, but must be above 0")

    def progress(self, spent: Spent) -> float:
        """Share of the budget that is spent, 0 … 1; 1 ends the training."""
        if self.minutes is not None:
            return min(1.0, spent.seconds / (60 * self.minutes))
        if self.epochs is not None:
            return min(1.0, spent.epochs / self.epochs)
        return min(1.0, spent.steps / (self.steps or 1))

    def __str__(self) -> str:
        """As a person says it."""
        name, value = next((n, v) for n, v in vars(self).items() if v is not None)
        return f"{value:g} {name}"


def cosine(progress: float, floor: float = FLOOR) -> float:
    """Half a cosine from 1 to `floor` (Loshchilov & Hutter 2017)."""
    return floor + (1 - floor) * (1 + math.cos(math.pi * progress)) / 2


@dataclass(frozen=True)
class Plateau:
    """Halves the learning rate when the held-out loss has not fallen for `patience` epochs.

    Counts as torch's ReduceLROnPlateau does, but is a value that a checkpoint can hold.
    """

    factor: float = 1.0
    best: float = math.inf
    waited: int = 0
    """Epochs since `best`."""

    def after(self, loss: float, patience: int = 10, shrink: float = 0.5) -> Plateau:
        """The state after one more epoch with this held-out loss."""
        if loss < self.best * (1 - 1e-4):
            return Plateau(self.factor, loss, 0)
        if self.waited < patience:
            return Plateau(self.factor, self.best, self.waited + 1)
        return Plateau(self.factor * shrink, self.best, 0)


def moment(budget: Budget, spent: Spent, plateau: Plateau) -> Moment:
    """Learning rate and warm-up at this point.

    Trainings counted in epochs follow the plateau; a budget of minutes or steps is too short to
    wait for one and decays along a cosine (docs/decisions/004-learning-rate.md).
    """
    progress = budget.progress(spent)
    warm = warm_up(spent.epochs)
    if budget.epochs is not None:
        return Moment(plateau.factor, warm)
    return Moment(cosine(progress), max(warm, min(1.0, progress / WARM_SHARE)))
