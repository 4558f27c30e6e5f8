"""The layers of a network that its graph multiplies by constants, and what they lie between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ocrgan_export.quantize_layers import MULTIPLYING
from ocrgan_export.quantize_ranges import Ranges

LEVELS = 255
"""Of activations."""

NETWORK = "network."
"""What names of a network's nodes begin with in a graph."""


@dataclass(frozen=True)
class Span:
    """What an activation lies between; 0 does, too."""

    low: float
    high: float

    @property
    def step(self) -> float:
        """From one of the 256 values to the next."""
        return (self.high - self.low) / LEVELS or 1.0

    def rounded(self, values: Tensor) -> Tensor:
        """To the nearest of the 256 values."""
        zero = round(-self.low / self.step)
        return torch.fake_quantize_per_tensor_affine(values, self.step, zero, 0, LEVELS)


@dataclass(frozen=True)
class Layer:
    """A module whose weights are rounded, and between what its input and its output lie."""

    module: nn.Conv1d | nn.Conv2d | nn.Linear
    given: Span
    made: Span | None
    """None where a graph adds the bias afterwards, so that it is not the module's output."""


def layers_in(network: nn.Module, ranges: Ranges) -> list[Layer]:
    """The layers of a folded network that are one multiplication each in its graph.

    Where a graph has a layer's weights in several parts, or several times, these are rounded
    otherwise than the whole: such layers are left as they are.

    Args:
        network: without BatchNorm, which a graph has none of (see `folded`).
        ranges: of its graph.
    """
    modules = dict(network.named_modules())
    spans = _spans_by_module(ranges)
    found = []
    for name, each in spans.items():
        module = modules.get(name)
        if isinstance(module, nn.Identity):  # a graph names a folded convolution after its norm
            module = modules.get(_before(name))
        if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Linear)) and len(each) == 1:
            (given, made, has_bias) = each[0]
            whole = has_bias == (module.bias is not None)
            found.append(Layer(module, given, made if whole else None))
    return found


def fold_norms(network: nn.Module) -> None:
    """Takes every BatchNorm behind a convolution into its weights, in place.

    Args:
        network: in evaluation mode.
    """
    for part in network.modules():
        if not isinstance(part, nn.Sequential):
            continue
        for place in range(len(part) - 1):
            convolution, norm = part[place], part[place + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                part[place] = fuse_conv_bn_eval(convolution, norm)
                part[place + 1] = nn.Identity()


def _spans_by_module(ranges: Ranges) -> Mapping[str, list[tuple[Span, Span, bool]]]:
    """Of each node that multiplies by constants: of input, of output, and whether it adds a bias.

    By the name of its module.
    """
    constants = {tensor.name for tensor in ranges.model.graph.initializer}
    known = ranges.tensors.data
    spans: dict[str, list[tuple[Span, Span, bool]]] = {}
    for node in ranges.model.graph.node:
        if node.op_type not in MULTIPLYING or not constants.intersection(node.input):
            continue
        module = node.name.rpartition(".")[0].removeprefix(NETWORK)
        ends = [known.get(node.input[0]), known.get(node.output[0])]
        if None not in ends:
            found = (_span(ends[0]), _span(ends[1]), len(node.input) > 2)
            spans.setdefault(module, []).append(found)
    return spans


def _span(known: Any) -> Span:
    low, high = (float(value.min()) for value in known.range_value)
    return Span(min(low, 0.0), max(high, 0.0))


def _before(name: str) -> str:
    """`a.1` → `a.0`: the module before it in a sequence."""
    sequence, _, place = name.rpartition(".")
    return f"{sequence}.{int(place) - 1}" if place.isdigit() else ""
