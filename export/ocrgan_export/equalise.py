"""Channels of a tensor between two convolutions → all as large, the function the same.

INT8 has one step for all channels of a tensor. What one channel needs for its largest value is
coarse for another whose values are small: behind the depthwise convolutions of `small` on Ped2 the
largest value of one channel is ten times that of another.

Source: Nagel et al. 2019, Data-Free Quantization Through Weight Equalization and Bias Correction;
Meller et al. 2019, Same, Same But Different. Here by measured activations instead of weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import NodeProto, numpy_helper

from ocrgan_export.equalise_links import Array, Link, Spread, links_of, spreads_of
from ocrgan_export.quantize_ranges import Given, Told

BALANCE = 0.75
"""How far the activation decides where weights have one scale for all input channels, 0 … 1: at 1
all channels get as large and the weights of small ones coarse."""

FINEST = 32
"""A channel's values are made at most so many times larger than those of the largest one: a channel
that is silent in all windows is not enlarged until it leaves the range when it speaks."""


@dataclass(frozen=True)
class Change:
    """x' = scale · (x - centre), (C,) each."""

    scale: Array
    centre: Array


def equalised(
    model: onnx.ModelProto, given: Sequence[Given], told: Told = lambda: None
) -> onnx.ModelProto:
    """The same function with the channels between convolutions equalised: a new graph.

    With x' = s·(x - c) for each channel, the first convolution is s·W, s·(b - c), the second
    V / s, a + Σ V·c. Behind an activation c is 0 and s > 0. Where nothing is between, s may be
    negative, which makes the longer tail positive in all channels, and c is the median, so that
    what a channel is where nothing happens is 0, which INT8 has without an error.

    Args:
        model: FP32, with BatchNorm folded.
        given: windows or feeds that show what the channels lie between.
        told: for progress.
    """
    made = onnx.ModelProto()
    made.CopyFrom(model)
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    links = links_of(made)
    if not links:
        return made
    spreads = spreads_of(model, links, given, told)
    for link in links:
        kernel = weights[link.after.input[1]]
        change = change_of(link, spreads[link.tensor], kernel)
        _rewrite(link, change, weights)
    _replace_weights(made, weights)
    return made


def change_of(link: Link, spread: Spread, kernel: Array) -> Change:
    """What makes channels as large as each other, their geometric mean unchanged.

    A depthwise kernel has a scale for each channel, so that s = 1 / r costs nothing (r: the
    largest distance from the centre). Else the kernel's columns are divided by s and share a scale:
    s = w^(1-α) / r^α (Xiao et al. 2023, SmoothQuant), w the largest share of a channel in the
    largest weight of an output.

    Args:
        link: where.
        spread: of its tensor.
        kernel: of the second convolution, (out, in / group, …).
    """
    centre = spread.usual if link.movable else np.zeros_like(spread.usual)
    below, above = centre - spread.low, spread.high - centre
    reach = np.maximum(below, above)
    if reach.max() <= 0:
        return Change(np.ones_like(reach), np.zeros_like(reach))
    reach = np.maximum(reach, reach.max() / FINEST)
    scale = 1 / reach if link.depthwise else _balanced(reach, kernel)
    scale = scale / np.exp(np.log(scale).mean())
    if link.linear:
        scale = np.where(above >= below, scale, -scale)
    return Change(scale.astype(np.float32), centre)


def _balanced(reach: Array, kernel: Array) -> Array:
    size = np.abs(kernel).reshape(*kernel.shape[:2], -1).max(2)
    largest = size.max(1, keepdims=True)
    share = (size / np.where(largest > 0, largest, 1)).max(0)
    weight = np.maximum(share, 1 / FINEST)
    balanced: Array = weight ** (1 - BALANCE) / reach**BALANCE
    return balanced


def _rewrite(link: Link, change: Change, weights: dict[str, Array]) -> None:
    """Gives both convolutions their own new weights and biases."""
    scale, centre = change.scale, change.centre
    one, other = weights[link.before.input[1]], weights[link.after.input[1]]
    bias, second = _bias(link.before, weights), _bias(link.after, weights)
    over_inputs = other.reshape(*other.shape[:2], -1).sum(2)
    _give(link.before, one * _along(scale, 0, one.ndim), scale * (bias - centre), weights)
    divided = other / _along(scale, 0 if link.depthwise else 1, other.ndim)
    moved = second + over_inputs @ centre if link.movable else second
    _give(link.after, divided, moved, weights)


def _give(node: NodeProto, kernel: Array, bias: Array, weights: dict[str, Array]) -> None:
    names = f"{node.name}.equalised_weight", f"{node.name}.equalised_bias"
    for name, values in zip(names, (kernel, bias), strict=True):
        weights[name] = np.ascontiguousarray(values, dtype=np.float32)
    del node.input[1:]
    node.input.extend(names)


def _bias(node: NodeProto, weights: Mapping[str, Array]) -> Array:
    if len(node.input) > 2 and node.input[2]:
        return weights[node.input[2]]
    return np.zeros(len(weights[node.input[1]]), np.float32)


def _along(values: Array, axis: int, dimensions: int) -> Array:
    return values.reshape([-1 if place == axis else 1 for place in range(dimensions)])


def _replace_weights(model: onnx.ModelProto, weights: Mapping[str, Array]) -> None:
    """Only those that a node reads: others may have kept their old ones, which they shared."""
    used = {name for node in model.graph.node for name in node.input}
    known = {tensor.name for tensor in model.graph.initializer}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    new = [
        numpy_helper.from_array(values, name)
        for name, values in weights.items()
        if name in used - known
    ]
    del model.graph.initializer[:]
    model.graph.initializer.extend([*kept, *new])
