"""The checkpoint: one safetensors file with weights, their average and the optimisers' state.

Random numbers need no state: every draw follows from the seed and the step.
Members: `average/<name>` (what is exported), `network/<name>`, `<part>/<parameter>/<moment>`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ocrgan_edge.errors import DataError
from ocrgan_training.learner import Learner, parts_of
from ocrgan_training.network.make_network import make_network
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.run_info import RunInfo, parse_info
from ocrgan_training.schedule import Plateau

CHECKPOINT = "checkpoint.safetensors"


def save_checkpoint(run: Path, learner: Learner, info: RunInfo, plateau: Plateau) -> None:
    """Writes RUN/checkpoint.safetensors whole or not at all."""
    members = {name: _plain(tensor) for name, tensor in _members(learner)}
    metadata = {"info": info.model_dump_json(), "plateau": json.dumps(asdict(plateau))}
    partial = run / (CHECKPOINT + ".partial")
    save_file(members, partial, metadata)
    partial.chmod(0o644)  # safetensors leaves it to its owner alone
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(partial, run / CHECKPOINT)


def restore(run: Path, learner: Learner) -> tuple[RunInfo, Plateau]:
    """Puts a learner of the same settings where the checkpoint was written, bit by bit.

    Raises:
        DataError: the checkpoint is missing, broken, or of another network.
    """
    with _Reader(run) as reader:
        _start_moments(learner, reader.names)
        for name, tensor in _members(learner):
            tensor.copy_(reader.tensor(name, tensor.shape))
        info = reader.info()
        learner.step = info.step
        learner.seen = {"windows": info.windows_seen, "stacks": info.stacks_seen}
        return info, reader.plateau()


def load_network(run: Path) -> tuple[OcrGanVideo, RunInfo]:
    """The network of a run, ready to score: averaged weights, evaluation mode.

    Raises:
        DataError: RUN has no checkpoint, or it is broken.
    """
    with _Reader(run) as reader:
        info = reader.info()
        network = make_network(info.network)
        for name, tensor in network.state_dict().items():
            tensor.copy_(reader.tensor(f"average/{name}", tensor.shape))
    return network.eval().requires_grad_(False), info


def _members(learner: Learner) -> Iterator[tuple[str, Tensor]]:
    """Every tensor that a training goes on from, by name."""
    for kind, network in (("network", learner.network), ("average", learner.average)):
        for name, tensor in network.state_dict().items():
            yield f"{kind}/{name}", tensor
    for name, state in _states(learner):
        for moment in state:
            yield f"{name}/{moment}", state[moment]


def _states(learner: Learner) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Adam's state of every parameter; empty for one that never had a gradient."""
    for part, module in parts_of(learner.network).items():
        for name, parameter in module.named_parameters():
            yield f"{part}/{name}", learner.optimisers[part].state[parameter]


def _start_moments(learner: Learner, names: set[str]) -> None:
    """Makes room for the moments that a checkpoint has, laid out like their parameters."""
    for part, module in parts_of(learner.network).items():
        for name, parameter in module.named_parameters():
            if f"{part}/{name}/step" in names:
                learner.optimisers[part].state[parameter] = {
                    "step": torch.zeros(()),
                    "exp_avg": torch.zeros_like(parameter.data),
                    "exp_avg_sq": torch.zeros_like(parameter.data),
                }


def _plain(tensor: Tensor) -> Tensor:
    """Contiguous, and with a memory of its own, as safetensors wants it."""
    return tensor.detach().clone(memory_format=torch.contiguous_format)


class _Reader:
    """An open checkpoint whose errors name the file."""

    def __init__(self, run: Path) -> None:
        self.path = run / CHECKPOINT
        try:
            self._file: Any = safe_open(self.path, framework="pt")
        except FileNotFoundError:
            raise DataError(f"{run} is no run folder: it has no {CHECKPOINT}") from None
        except (OSError, SafetensorError) as error:
            raise DataError(f"checkpoint {self.path} cannot be read: {error}") from error

    def __enter__(self) -> _Reader:
        self.names = set(self._file.keys())
        return self

    def __exit__(self, *exception: object) -> None:
        del self._file

    def info(self) -> RunInfo:
        return parse_info((self._file.metadata() or {}).get("info", "{}"), self.path)

    def plateau(self) -> Plateau:
        fields = json.loads((self._file.metadata() or {}).get("plateau", "{}"))
        return Plateau(**fields)

    def tensor(self, name: str, shape: torch.Size) -> Tensor:
        if name not in self.names:
            raise DataError(f"checkpoint {self.path} has no {name!r}: it is of another network")
        tensor: Tensor = self._file.get_tensor(name)
        if tensor.shape != shape:
            raise DataError(
                f"checkpoint {self.path}: {name!r} is {tuple(tensor.shape)}, not {tuple(shape)}"
            )
        return tensor
