"""How a training is computed. What it learns stays the same, but for rounding."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ocrgan_edge.errors import SettingsError
from ocrgan_training.network.attention import AttentionOverTime
from ocrgan_training.network.convolution import ConvBlock, UpBlock
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.streaming.attention import CausalAttention

Precision = Literal["float32", "bfloat16", "float64"]
RECOMPUTED: dict[type[nn.Module], str] = {
    UpBlock: "forward",
    ConvBlock: "forward",
    AttentionOverTime: "forward",
    CausalAttention: "attend",
}
"""What keeps nothing but its input where memory is to be saved, and the method that computes."""


@dataclass(frozen=True)
class Engine:
    """Settings of how, not of what: they may change between two sittings of one training."""

    device: str = "cpu"
    """As torch names it: cpu, cuda, cuda:1."""
    precision: Precision = "float32"
    """bfloat16 is mixed precision: weights, losses and statistics stay float32. float64 is slow
    and shows whether two ways of computing are the same."""
    recompute: bool = False
    """Activations are computed again in the backward pass instead of being kept."""
    compiled: bool = False
    """Networks go through torch.compile."""
    workers: int = 0
    """Processes that make batches; 0: a thread makes the next one."""
    tensorboard: bool = False
    """Metrics also go to RUN/tensorboard."""

    def __post_init__(self) -> None:
        """Refuses a device that is not there."""
        try:
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise SettingsError(f"device {self.device!r} cannot be used: {reason}") from None

    @property
    def dtype(self) -> torch.dtype:
        """Of weights and batches."""
        return torch.float64 if self.precision == "float64" else torch.float32

    def prepare(self, network: OcrGanVideo) -> None:
        """Makes the forward passes of a network what these settings say, in place."""
        if self.recompute:
            recompute_activations(network)
        if self.compiled:
            parts = [network.generator, network.discriminator, network.local_discriminator]
            for part in parts:
                if part is not None:
                    part.compile()

    def autocast(self) -> AbstractContextManager[object]:
        """Entered around what is computed in lower precision."""
        if self.precision != "bfloat16":
            return nullcontext()
        return torch.autocast(torch.device(self.device).type, torch.bfloat16)


def recompute_activations(network: nn.Module) -> None:
    """Lets every block forget what is between its input and its output until backward needs it.

    The result is the same bit by bit: dropout is drawn again alike, and BatchNorm's running
    statistics are not moved a second time (Chen et al. 2016, arXiv 1604.06174).
    """
    for kind, method in RECOMPUTED.items():
        if isinstance(network, kind):
            compute = getattr(network, method)
            setattr(network, method, partial(_forgetful, network, compute))
            return
    for child in network.children():
        recompute_activations(child)


def _forgetful(module: nn.Module, compute: Callable[..., Any], *inputs: Any) -> Any:
    if not torch.is_grad_enabled():
        return compute(*inputs)
    contexts = partial(_contexts, module)
    return checkpoint(compute, *inputs, use_reentrant=False, context_fn=contexts)


def _contexts(
    module: nn.Module,
) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    return nullcontext(), _statistics_left_alone(module)


@contextmanager
def _statistics_left_alone(module: nn.Module) -> Iterator[None]:
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    before = [(norm.momentum, _counted(norm).clone()) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, counted) in zip(norms, before, strict=True):
            norm.momentum = momentum
            _counted(norm).copy_(counted)


def _counted(norm: nn.BatchNorm2d) -> Tensor:
    assert norm.num_batches_tracked is not None
    return norm.num_batches_tracked


def device_of(asked: str | None) -> str:
    """A device as torch names it; without one asked for, CUDA's where there is one."""
    device = asked or ("cuda" if torch.cuda.is_available() else "cpu")
    local = os.environ.get("LOCAL_RANK")  # torchrun: which of this machine's processes
    return f"cuda:{local}" if device == "cuda" and local is not None else device
