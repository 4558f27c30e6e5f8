"""Where two convolutions have one tensor between them, and what its channels lie between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import NodeProto, helper

from ocrgan_edge.runtime.graph import default_threads
from ocrgan_edge.runtime.onnx_scorer import session_options
from ocrgan_export.quantize import float_nodes
from ocrgan_export.quantize_ranges import Given, Told, feed_of

HOMOGENEOUS = {"LeakyRelu", "Relu"}
"""f(s·x) = s·f(x) for s > 0."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Link:
    """Two convolutions with one tensor between them that nobody else reads."""

    before: NodeProto
    after: NodeProto
    linear: bool
    """Whether nothing is between; else it is LeakyReLU or ReLU."""

    @property
    def tensor(self) -> str:
        """What the first convolution gives."""
        return str(self.before.output[0])

    @property
    def depthwise(self) -> bool:
        """Whether each channel is convolved by itself (only then is `group` above 1 here)."""
        return int(_attribute(self.after, "group", 1)) > 1

    @property
    def movable(self) -> bool:
        """Whether a constant may be taken off the tensor: padding would have to be it, not 0."""
        return self.linear and not self.depthwise and not any(_attribute(self.after, "pads", [0]))


@dataclass(frozen=True)
class Spread:
    """What each channel of a tensor lies between, (C,) each."""

    low: Array
    high: Array
    usual: Array
    """The median: what the channel is where nothing happens."""


def links_of(model: onnx.ModelProto) -> list[Link]:
    """All pairs of convolutions that can be equalised, in the order of the graph."""
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    uses = Counter([name for node in graph.node for name in node.input])
    uses.update(port.name for port in graph.output)
    makers = {name: node for node in graph.node for name in node.output}
    left = set(float_nodes(model))
    found = []
    for after in graph.node:
        if after.op_type != "Conv":
            continue
        source = makers.get(after.input[0])
        activation = source if source is not None and source.op_type in HOMOGENEOUS else None
        before = makers.get(activation.input[0]) if activation is not None else source
        if before is None or before.op_type != "Conv" or left & {before.name, after.name}:
            continue
        read_once = all(uses[name] == 1 for name in (after.input[0], before.output[0]))
        constant = {*before.input[1:], *after.input[1:]} <= weights
        if read_once and constant and _is_simple(after, model):
            found.append(Link(before, after, linear=activation is None))
    return found


def spreads_of(
    model: onnx.ModelProto, links: Sequence[Link], given: Sequence[Given], told: Told
) -> Mapping[str, Spread]:
    """Of each link's tensor, by its name.

    Args:
        model: the FP32 graph.
        links: of it.
        given: windows or feeds that are looked at.
        told: is told after each.
    """
    names = [link.tensor for link in links]
    observed = onnx.ModelProto()
    observed.CopyFrom(model)
    del observed.graph.output[:]
    for name in names:
        observed.graph.output.append(
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        )
    session = onnxruntime.InferenceSession(
        observed.SerializeToString(),
        session_options("fp32", default_threads()),
        providers=["CPUExecutionProvider"],
    )
    seen: dict[str, list[Array]] = {name: [] for name in names}
    for window in given:
        for name, values in zip(names, session.run(names, feed_of(model, window)), strict=True):
            channels = np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)
            seen[name].append(
                np.stack([channels.min(1), channels.max(1), np.median(channels, axis=1)])
            )
        told()
    return {name: _over_windows(np.stack(each)) for name, each in seen.items()}


def _over_windows(each: Array) -> Spread:
    """From (windows, 3, C): smallest, largest and median of each window."""
    return Spread(each[:, 0].min(0), each[:, 1].max(0), np.median(each[:, 2], axis=0))


def _is_simple(node: NodeProto, model: onnx.ModelProto) -> bool:
    """Whether it convolves all channels together, or each by itself into one."""
    group = int(_attribute(node, "group", 1))
    if group == 1:
        return True
    shapes = {tensor.name: tensor.dims for tensor in model.graph.initializer}
    return list(shapes[node.input[1]][:2]) == [group, 1]


def _attribute(node: NodeProto, name: str, default: Any) -> Any:
    for attribute in node.attribute:
        if attribute.name == name:
            return helper.get_attribute_value(attribute)
    return default
