"""Several processes that train one network together, each on its share of every batch.

`torchrun --nproc-per-node 2 -m ocrgan_training …` starts them and says in the environment who is
who. All losses and gradients are means over the whole batch, and so are BatchNorm's statistics:
the processes together do what one process does with all their windows in one batch.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.autograd import Function
from torch.autograd.function import FunctionCtx

from ocrgan_edge.errors import SettingsError


def rank() -> int:
    """This process's number, 0 … count − 1; 0 writes the files."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def count() -> int:
    """How many processes train together; 1 without torchrun."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def count_asked_for() -> int:
    """How many processes torchrun has started, before they have met."""
    text = os.environ.get("WORLD_SIZE", "1")
    if not text.isdigit() or int(text) < 1:
        raise SettingsError(f"WORLD_SIZE is {text!r}, but must be a number above 0")
    return int(text)


@contextmanager
def together(device: torch.device) -> Iterator[None]:
    """While entered, the processes that torchrun started know each other (gloo; NCCL on CUDA)."""
    if count_asked_for() == 1:
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def wait_for_all() -> None:
    """Goes on when every process has come this far."""
    if count() > 1:
        distributed.barrier()


def agree(first: float, any_of: bool, device: torch.device) -> tuple[float, bool]:
    """The first process's number, and whether any process says yes: the same for all."""
    if count() == 1:
        return first, any_of
    said = torch.tensor([first if rank() == 0 else 0.0, any_of], dtype=torch.float64, device=device)
    distributed.all_reduce(said)
    return float(said[0]), bool(said[1] > 0)


class _Sum(Function):
    """Sum over all processes; so is its gradient, because every process's loss depends on it."""

    @staticmethod
    def forward(ctx: FunctionCtx, tensor: Tensor) -> Tensor:
        """The sum."""
        total = tensor.detach().clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Any) -> Any:
        """The sum of the gradients."""
        return _Sum.apply(gradients[0])  # type: ignore[no-untyped-call]


def total(tensor: Tensor) -> Tensor:
    """Sum of a tensor over all processes, with gradients; itself where there is one."""
    if count() == 1:
        return tensor
    summed: Tensor = _Sum.apply(tensor)  # type: ignore[no-untyped-call]
    return summed


def gathered(tensor: Tensor) -> Tensor:
    """All processes' (N, …), which are of one shape, one behind the other, with gradients."""
    if count() == 1:
        return tensor
    own = [tensor if i == rank() else torch.zeros_like(tensor) for i in range(count())]
    return total(torch.cat(own))


def average(tensor: Tensor) -> Tensor:
    """Mean of a tensor over all processes, without gradients."""
    return total(tensor.detach()) / count()


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replaces every gradient by its mean over all processes, in one message."""
    if count() == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= count()
    means = torch.split(flat, [gradient.numel() for gradient in gradients])
    for gradient, mean in zip(gradients, means, strict=True):
        gradient.copy_(mean.view(gradient.shape))


class SharedBatchNorm(nn.BatchNorm2d):
    """BatchNorm whose statistics are those of all processes' batches, which are of one size.

    torch's own SyncBatchNorm does the same, but not on CPUs.
    """

    def forward(self, input: Tensor) -> Tensor:
        """(N,C,H,W) → the same; alone, or when scoring, it is plain BatchNorm."""
        if not self.training or count() == 1:
            return super().forward(input)
        seen = input if input.dtype == torch.float64 else input.float()
        elements = count() * seen.numel() // seen.shape[1]
        mean = total(seen.sum((0, 2, 3))) / elements
        centred = seen - mean[None, :, None, None]
        variance = total(centred.square().sum((0, 2, 3))) / elements
        if self.track_running_stats:
            self._note(mean.detach(), variance.detach() * elements / (elements - 1))
        scale = (variance + self.eps).rsqrt() * self.weight
        normal = centred * scale[None, :, None, None] + self.bias[None, :, None, None]
        return normal.to(input.dtype)

    @torch.no_grad()
    def _note(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
        self.running_var.lerp_(variance.to(self.running_var.dtype), self.momentum)


def share_normalisation(module: nn.Module) -> None:
    """Puts `SharedBatchNorm` in the place of every BatchNorm2d, with its state, in place."""
    for name, child in module.named_children():
        if type(child) is nn.BatchNorm2d:
            shared = SharedBatchNorm(child.num_features, child.eps, child.momentum or 0.1)
            shared.to(child.weight.device, child.weight.dtype).load_state_dict(child.state_dict())
            setattr(module, name, shared)
        else:
            share_normalisation(child)
