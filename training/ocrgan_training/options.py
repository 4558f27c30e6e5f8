"""What a training is asked for, apart from how it goes."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from ocrgan_edge.errors import SettingsError
from ocrgan_training import processes
from ocrgan_training.data.clips import ClipSpec, Recordings
from ocrgan_training.data.loader import LoaderSettings
from ocrgan_training.distillation import name_teacher
from ocrgan_training.engine import Engine
from ocrgan_training.learner import Rates
from ocrgan_training.network.make_network import make_network
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.run_info import RunInfo, installed_versions, plain, source_commit
from ocrgan_training.schedule import Budget
from ocrgan_training.step import StepSettings


@dataclass(frozen=True)
class TrainOptions:
    """A training: which network, on what, for how long."""

    data: Path
    """A data set's folder; only its train/ is looked at."""
    run: Path
    """The folder that everything is written to."""
    config: NetworkConfig
    budget: Budget
    loader: LoaderSettings
    step: StepSettings = field(default_factory=StepSettings)
    rates: Rates = field(default_factory=Rates)
    engine: Engine = field(default_factory=Engine)
    frames_per_second: float = 10.0
    resume: bool = False
    threads: int = 2
    checkpoint_minutes: float = 5.0
    memory: int = 8 << 30
    """Bytes of decoded training clips that are kept."""
    teachers: tuple[Path, ...] = ()
    """Runs whose networks teach the local discriminator, what they say on average."""
    life: float | None = None
    """How tall what moves is, as a share of the frame's height; None where too little does."""

    def __post_init__(self) -> None:
        """Refuses a batch that the processes cannot share out evenly."""
        count = processes.count()
        for name, value, parts in (
            ("batch", self.loader.batch, 1),
            ("stacks", self.loader.stacks, self.step.local_updates(self.loader.stacks)),
        ):
            if count > 1 and value % (count * parts):
                raise SettingsError(
                    f"{value} {name} cannot be shared out evenly among {count} processes in "
                    f"{parts} parts: a multiple of {count * parts} is wanted"
                )

    @property
    def seed(self) -> int:
        """Of the weights and of every batch."""
        return self.loader.seed

    @property
    def clip_spec(self) -> ClipSpec:
        """What the clips are decoded to."""
        config = self.config
        return ClipSpec(
            config.height, config.width, self.frames_per_second, config.clip_frames, self.memory
        )

    def info(self, recordings: Recordings) -> RunInfo:
        """The run's description before its first step."""
        return RunInfo(
            config=plain(self.config.to_dict()),
            data=str(self.data.resolve()),
            clips=tuple(recordings.training),
            held_out=tuple(recordings.held_out),
            sha256=recordings.sha256,
            frames_per_second=self.frames_per_second,
            seed=self.seed,
            settings=self._settings(),
            budget=asdict(self.budget),
            parameters=_parameters(self.config),
            commit=source_commit(),
            versions=installed_versions(),
            threads=self.threads,
            processes=processes.count(),
            engine=asdict(self.engine),
            teachers=tuple(map(name_teacher, self.teachers)),
        )

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = plain(
            {
                "loader": asdict(self.loader),
                "step": asdict(self.step),
                "rates": asdict(self.rates),
            }
        )
        return settings


def parse_size(text: str) -> tuple[int, int]:
    """Height and width of `64` or `96x160` (height x width).

    Raises:
        SettingsError: it is neither.
    """
    found = re.fullmatch(r"(\d+)(?:x(\d+))?", text.strip().lower())
    if not found:
        raise SettingsError(
            f"size {text!r} is not a size: wanted is HEIGHTxWIDTH as 96x160, or one number"
        )
    height = int(found[1])
    return height, int(found[2] or height)


def _parameters(config: NetworkConfig) -> int:
    with torch.device("meta"):
        network = make_network(config)
    return sum(parameter.numel() for parameter in network.parameters())
