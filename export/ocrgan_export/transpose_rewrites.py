"""Two transposes with a reshape between them → one, or none.

That is faster, and right: OpenVINO's CPU plugin (2026.4.1) takes a convolution's
transpose(0, 2, 3, 1), a reshape to (1, N, C) and transpose(0, 2, 1) for one change of layout and
leaves values where they do not belong (docs/decisions/022-merged-transposes.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir
from onnx_ir import Node, Value
from onnxscript.rewriter import MatchResult, pattern

_RESHAPES = {"Reshape", "Squeeze", "Unsqueeze"}
_CHANNELS_LAST = [0, 2, 3, 1]


@dataclass(frozen=True, slots=True)
class Turn:
    """reshape to `sizes`, transpose by `order`: what two transposes do together."""

    sizes: tuple[int, ...]
    order: tuple[int, ...]

    @property
    def moves(self) -> bool:
        """Whether values change places at all."""
        return len(self.order) > 1

    @property
    def is_of_a_matrix(self) -> bool:
        """Whether it swaps two axes and no more, for which runtimes have fast code."""
        return self.order == (1, 0)


def merge_turns(
    shape: Sequence[int], first: Sequence[int], between: Sequence[int], second: Sequence[int]
) -> Turn | None:
    """transpose(reshape(transpose(x, first), between), second) as one transpose.

    A reshape of (6, 4) to (2, 12) cuts both into (2, 3, 4), whose parts keep their order: the
    first transpose moves such parts as whole axes, the second too, and so one can do what both do.

    Args:
        shape: of x.
        first: axes of x in the order that the first transpose gives them.
        between: the shape between both.
        second: its axes in the order that the second transpose gives them.

    Returns:
        What x is cut into (axes of 1 are left out, what stays together is one part) and the order
        of these parts; None where the shapes have no such parts in common, as (2, 3) and (3, 2).
    """
    parts = _common_parts([shape[axis] for axis in first], between)
    if parts is None:
        return None
    before = sorted(range(len(parts)), key=lambda part: (first[parts[part].one], part))
    places = {axis: place for place, axis in enumerate(second)}
    after = sorted(range(len(parts)), key=lambda part: (places[parts[part].other], part))
    runs = _runs([before.index(part) for part in after])
    ordered = sorted(runs, key=lambda run: run.start)
    sizes = [math.prod(parts[before[place]].size for place in run) for run in ordered]
    return Turn(tuple(sizes), tuple(ordered.index(run) for run in runs))


def _runs(order: Sequence[int]) -> list[range]:
    """(2, 0, 1) → (2), (0, 1): what comes one behind the other before and after."""
    runs: list[range] = []
    for place in order:
        if runs and runs[-1].stop == place:
            runs[-1] = range(runs[-1].start, place + 1)
        else:
            runs.append(range(place, place + 1))
    return runs


@dataclass(frozen=True, slots=True)
class _Part:
    size: int
    one: int
    """The axis of one shape that it lies in."""
    other: int


def _common_parts(one: Sequence[int], other: Sequence[int]) -> list[_Part] | None:
    """The coarsest parts, first to last, that make up the axes of both shapes."""
    ends = [list(_ends(shape)) for shape in (one, other)]
    cuts = sorted({end for axes in ends for end, _ in axes})
    parts, last = [], 1
    for cut in cuts:
        if cut % last:
            return None
        axes = [next(axis for end, axis in found if end >= cut) for found in ends]
        parts.append(_Part(cut // last, *axes))
        last = cut
    return parts


def _ends(shape: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where each axis ends, as the number of places that it and all before it have together."""
    for axis, size in enumerate(shape):
        if size > 1:
            yield math.prod(shape[: axis + 1]), axis


class TransposesMerged(pattern.RewriteRuleClassBase):
    """transpose₂(reshape(transpose₁(x))) → reshape(transpose(reshape(x))), or a reshape alone.

    Where nothing moves in the end, both go. Else only channels that were put last, as after a
    convolution, and only where one matrix is transposed in the end: transposes in front of a
    convolution are free for a runtime that keeps channels innermost, and two simple ones are faster
    than one of five axes.
    """

    def __init__(self) -> None:
        """Keeps what it reads."""
        super().__init__(remove_nodes=False)  # others may want what lies between

    def pattern(self, op: Any, between: Any) -> Any:
        """Any transpose; what comes before it, `check` looks at."""
        return op.Transpose(between, _outputs=["turned"])

    def check(self, op: Any, *_: Any, **values: Value) -> MatchResult:
        """Only after a reshape of another transpose."""
        result = MatchResult()
        first = _transpose_before(values["between"])
        if first is None:
            return result.fail("no transpose comes before, with reshapes between")
        turn = _turn_of(first, values)
        if turn is None:
            return result.fail("the reshape between mixes what is transposed")
        if turn.moves and not (turn.is_of_a_matrix and _order(first) == _CHANNELS_LAST):
            return result.fail("more is moved than a matrix whose channels were put last")
        return result

    def rewrite(self, op: Any, **values: Value) -> Any:
        """Reshape(Transpose(Reshape(x)))."""
        first = _transpose_before(values["between"])
        assert first is not None
        turn = _turn_of(first, values)
        made: Any = first.inputs[0]
        assert turn is not None
        if turn.moves:
            name = f"{values['turned'].name}.parts"
            made = op.Transpose(op.Reshape(made, _shape(op, turn.sizes, name)), perm=turn.order)
        return op.Reshape(
            made, _shape(op, _sizes(values["turned"]), f"{values['turned'].name}.shape")
        )


def _transpose_before(value: Value) -> Node | None:
    """The transpose that a value is from, over reshapes of any kind, at least one."""
    node = value.producer()
    while node is not None and node.op_type in _RESHAPES:
        source = node.inputs[0]
        node = source.producer() if source is not None else None
        if node is not None and node.op_type == "Transpose":
            return node
    return None


def _turn_of(first: Node, values: dict[str, Value]) -> Turn | None:
    second = values["turned"].producer()
    source = first.inputs[0]
    shapes = [value and value.shape for value in (source, values["between"], values["turned"])]
    if second is None or source is None or not all(_is_known(shape) for shape in shapes):
        return None
    return merge_turns(_sizes(source), _order(first), _sizes(values["between"]), _order(second))


def _is_known(shape: Any) -> bool:
    return shape is not None and all(isinstance(size, int) and size > 0 for size in shape)


def _sizes(value: Value) -> list[int]:
    assert value.shape is not None
    return [int(str(size)) for size in value.shape]


def _order(node: Node) -> list[int]:
    return list(node.attributes["perm"].as_ints())


def _shape(op: Any, sizes: Sequence[int], name: str) -> Any:
    return op.initializer(onnx_ir.tensor(np.array(sizes, np.int64)), name=name)
