"""A network that computes in float what its INT8 graph will: rounded weights and activations.

Rounding is `torch.fake_quantize_per_channel_affine` and `torch.fake_quantize_per_tensor_affine`,
whose gradient is that of the unrounded value (straight through; Bengio et al. 2013, arXiv
1308.3432) and 0 beyond the range. Not `torch.ao.quantization.FakeQuantize`: that package is to be
removed from PyTorch, and its observers are not needed where ranges are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ocrgan_export.finetune_layers import Layer


@dataclass(frozen=True)
class Rules:
    """How a runtime's quantizer rounds."""

    top: int
    """The largest weight of each output channel becomes this number: 7 bits."""
    outputs: bool
    """Whether what a multiplication gives is rounded, too, before its activation."""


ONNX_RULES = Rules(top=64, outputs=True)
"""ONNX Runtime's quantizer with `reduce_range`."""
OPENVINO_RULES = Rules(top=63, outputs=False)
"""NNCF's with its overflow fix."""


def rounded_weight(weight: Tensor, top: int) -> Tensor:
    """Each output channel to -top … top times a step, which is its largest weight's `top`th part.

    Args:
        weight: (outputs, …).
        top: as `Rules.top`.
    """
    steps = rounding_steps(weight.detach(), top)
    zeros = torch.zeros(len(steps), dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, steps, zeros, 0, -top, top)


def rounding_steps(weight: Tensor, top: int) -> Tensor:
    """(outputs,) from one rounded weight to the next; 1 where all of a channel's are 0."""
    largest = weight.abs().flatten(1).amax(1)
    return torch.where(largest > 0, largest / top, 1.0)


class RoundedWeight(nn.Module):
    """A weight as INT8 will have it. What is learned is by how many rounding steps it moves.

    So that one learning rate fits all channels, whatever their size.
    """

    trained: Tensor
    steps: Tensor

    def __init__(self, weight: Tensor, top: int) -> None:
        """`weight` (outputs, …) as it was trained; `top` as `Rules.top`."""
        super().__init__()
        self._top = top
        self.register_buffer("trained", weight.detach().clone())
        self.register_buffer("steps", _units(weight.detach(), top))

    def forward(self, moved: Tensor) -> Tensor:
        """The rounded weight that is `moved` steps from the trained one."""
        return rounded_weight(self.trained + self.steps * moved, self._top)

    def right_inverse(self, weight: Tensor) -> Tensor:
        """Nothing is moved at first."""
        return torch.zeros_like(weight)


class MovedBias(nn.Module):
    """A bias that learns in units of what a rounding step of its channel's weights can do."""

    trained: Tensor
    steps: Tensor

    def __init__(self, bias: Tensor, steps: Tensor) -> None:
        """`bias` (outputs,) as it was trained; `steps` (outputs,)."""
        super().__init__()
        self.register_buffer("trained", bias.detach().clone())
        self.register_buffer("steps", steps)

    def forward(self, moved: Tensor) -> Tensor:
        """The bias that is `moved` steps from the trained one."""
        return self.trained + self.steps * moved

    def right_inverse(self, bias: Tensor) -> Tensor:
        """Nothing is moved at first."""
        return torch.zeros_like(bias)


@contextmanager
def rounding(layers: Sequence[Layer], rules: Rules) -> Iterator[list[Tensor]]:
    """Within it, layers compute as in INT8; afterwards their weights stay rounded.

    Yields:
        What can be learned: by how many steps weights and biases move. A channel whose weights
        are all 0 does not move.
    """
    hooks = [hook for layer in layers for hook in _hooks(layer, rules)]
    learned = [moved for layer in layers for moved in _register(layer, rules.top)]
    try:
        yield learned
    finally:
        for layer in layers:
            for name in list(_parametrizations(layer.module)):
                parametrize.remove_parametrizations(layer.module, name, leave_parametrized=True)
        for hook in hooks:
            hook.remove()


def _units(weight: Tensor, top: int) -> Tensor:
    """Rounding steps in the weight's shape, (outputs, 1, …); 0 where a channel says nothing."""
    steps = weight.abs().flatten(1).amax(1) / top
    return steps.reshape(-1, *[1] * (weight.dim() - 1))


def _register(layer: Layer, top: int) -> list[Tensor]:
    module = layer.module
    units = _units(module.weight.detach(), top).flatten()
    changed: dict[str, nn.Module] = {"weight": RoundedWeight(module.weight, top)}
    if module.bias is not None:
        largest = max(-layer.given.low, layer.given.high)
        changed["bias"] = MovedBias(module.bias, units * largest)
    learned = []
    for name, parametrization in changed.items():
        parametrize.register_parametrization(module, name, parametrization)
        moved = _parametrizations(module)[name].get_parameter("original")
        learned.append(moved.requires_grad_())
    return learned


def _parametrizations(module: nn.Module) -> nn.ModuleDict:
    found = module.get_submodule("parametrizations")
    assert isinstance(found, nn.ModuleDict)
    return found


def _hooks(layer: Layer, rules: Rules) -> Iterator[Any]:
    def given(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (layer.given.rounded(inputs[0]), *inputs[1:])

    def made(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return layer.made.rounded(output) if layer.made else output

    yield layer.module.register_forward_pre_hook(given)
    if rules.outputs:
        yield layer.module.register_forward_hook(made)
