"""Rewrites of a graph's entrance, where bytes become numbers and all pixels are still there.

A camera's pixels lie colour by colour, pixel by pixel, row by row. A network first makes planes of
colours in -1 … 1, then takes from them what it wants. That can be had from the bytes as they lie,
and the planes, which are a graph's largest values by far, are never made.

A whole window of `nano` (8 frames of 192×288, one thread of an AVX2 machine without VNNI, medians
of 12 runs in turn): ONNX Runtime 0.86 of the time in FP32, 0.69 in INT8; OpenVINO 0.78, 0.82.
Outputs in float differ by 2e-6 of their largest value at most.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir
from numpy.typing import NDArray
from onnx_ir import Value
from onnxscript.rewriter import MatchResult, pattern

COLOURS = 3
BLOCK = 8
"""Neighbouring pixels whose colours are mixed together: what INT8 kernels treat at once."""

_TO_PLANES = (0, 1, 4, 2, 3)
_FLOAT = int(onnx_ir.DataType.FLOAT)


class _FromFrames(pattern.RewriteRuleClassBase):
    """What begins with planes(x) = transpose(x)/d − o of bytes x (B,T,H,W,3)."""

    def __init__(self) -> None:
        super().__init__(remove_nodes=False)  # others may want the planes; else they are swept away

    @staticmethod
    def planes(op: Any, frames: Any, divisor: Any, offset: Any) -> Any:
        """Sub(Div(Cast(Transpose(frames)), divisor), offset)."""
        turned = op.Transpose(frames, _outputs=["turned"])
        return op.Sub(op.Div(op.Cast(turned), divisor), offset, _outputs=["planes"])


class NewestFramesFirst(_FromFrames):
    """planes(x)[:, a:b] = planes(x[:, a:b]): what is done to every pixel is done to fewer."""

    def pattern(self, op: Any, frames: Any, divisor: Any, offset: Any) -> Any:
        """Slice(planes)."""
        planes = self.planes(op, frames, divisor, offset)
        return op.Slice(planes, _allow_other_inputs=True, _outputs=["newest"])

    def check(self, op: Any, *_: Any, **values: Value) -> MatchResult:
        """Only a part of the frames, not of their pixels."""
        result = _planes_of_frames(values)
        cut, planes = _sizes(values["newest"]), _sizes(values["planes"])
        if result and (len(cut) != 5 or cut[2:] != planes[2:]):
            return result.fail("more than frames is left out")
        return result

    def rewrite(self, op: Any, **values: Value) -> Any:
        """planes(Slice): first and second axis, frames of a window, are where they were."""
        cut = _producer(values["newest"])
        turn = _producer(values["turned"])
        newest = op.Slice(values["frames"], *cut.inputs[1:])
        batch, time, colours, height, width = _sizes(values["newest"])
        newest.shape = onnx_ir.Shape((batch, time, height, width, colours))
        newest.dtype = values["frames"].dtype
        number = op.Cast(op.Transpose(newest, perm=turn.attributes["perm"].as_ints()), to=_FLOAT)
        return op.Sub(op.Div(number, values["divisor"]), values["offset"])


class MeansOfSquares(_FromFrames):
    """mean over k×l pixels of planes(x) = Conv(Σᵢ rowᵢ(x))/(k·l)/d − o of what lies interleaved.

    Rows are summed as they lie, then one convolution with kernel and stride 1 × 3l sums the pixels
    of each colour: its kernel is 1 at every third place. What is scaled and turned are means, not
    pixels. Every constant is exact in FP16, as which OpenVINO's are stored. One thread of an AVX2
    machine, 16 frames of 256×384, k = l = 4: 0.33 of the time in ONNX Runtime, 0.17 in OpenVINO.
    """

    def pattern(self, op: Any, frames: Any, divisor: Any, offset: Any) -> Any:
        """AveragePool(Reshape(planes))."""
        planes = self.planes(op, frames, divisor, offset)
        images = op.Reshape(planes, _allow_other_inputs=True, _outputs=["images"])
        return op.AveragePool(images, _outputs=["means"])

    def check(self, op: Any, *_: Any, **values: Value) -> MatchResult:
        """Only squares that lie side by side and cover everything."""
        result = _planes_of_frames(values)
        pool = _producer(values["means"]).attributes
        kernel = tuple(pool["kernel_shape"].as_ints())
        if not result:
            return result
        height, width = _sizes(values["frames"])[2:4]
        if _sizes(values["images"])[1:] != (COLOURS, height, width):
            return result.fail("what is averaged are not the frames one by one")
        if "strides" not in pool or tuple(pool["strides"].as_ints()) != kernel:
            return result.fail("the squares overlap or leave something out")
        if height % kernel[0] or width % kernel[1] or _is_padded(pool):
            return result.fail("the squares do not cover the frame exactly")
        return result

    def rewrite(self, op: Any, **values: Value) -> Any:
        """Conv(Reshape(Sum(Cast(Split(Reshape(frames))))))."""
        frames, means = values["frames"], values["means"]
        batch, time, height, width, _ = _sizes(frames)
        down, across = _producer(means).attributes["kernel_shape"].as_ints()
        name, line = means.name, COLOURS * width
        rows = (batch * time * height // down, down, line)
        strips = _reshaped(op, frames, rows, f"{name}.rows")
        split = op.Split(strips, axis=1, num_outputs=down, _outputs=down)
        summed = op.Sum(*(op.Cast(row, to=_FLOAT) for row in (split if down > 1 else [split])))
        lines = (batch * time, 1, height // down, line)
        picks = np.zeros((COLOURS, 1, 1, COLOURS * across))
        for colour in range(COLOURS):
            picks[colour, :, :, colour::COLOURS] = 1
        sums = op.Conv(
            _reshaped(op, summed, lines, f"{name}.lines"),
            _constant(op, picks, f"{name}.picks"),
            _constant(op, np.zeros(COLOURS), f"{name}.bias"),
            strides=[1, COLOURS * across],
        )
        averaged = op.Div(sums, _constant(op, np.array(down * across), f"{name}.area"))
        return op.Sub(op.Div(averaged, values["divisor"]), values["offset"])


class ColoursMixedByBlocks(_FromFrames):
    """Conv₁ₓ₁(planes(x), w, b) to one channel → Conv₁ₓ₁ of blocks of 8 pixels, as they lie.

    Σ_c w_c·(x_c/d − o) + b = Σ_c (w_c/d)·x_c + (b − o·Σ_c w_c), for 8 pixels at once by a matrix
    that has w/d eight times on its diagonal: 24 numbers → 8. Eight times the products, but an
    eighth of the rows, and nothing is turned: bytes come with channels innermost, as INT8 kernels
    want them.
    One thread of an AVX2 machine, 8 frames of 256×384 with the two convolutions behind it: ONNX
    Runtime 0.36 of the time in FP32, 0.19 in INT8; OpenVINO 0.41, 0.32.
    """

    def pattern(self, op: Any, frames: Any, divisor: Any, offset: Any) -> Any:
        """Conv(Reshape(planes), weight, bias)."""
        planes = self.planes(op, frames, divisor, offset)
        images = op.Reshape(planes, _allow_other_inputs=True, _outputs=["images"])
        return op.Conv(images, _allow_other_inputs=True, _outputs=["mixed"])

    def check(self, op: Any, *_: Any, **values: Value) -> MatchResult:
        """Only one number per pixel, from nothing but its own colours."""
        result = _planes_of_frames(values)
        if not result:
            return result
        height, width = _sizes(values["frames"])[2:4]
        if _sizes(values["images"])[1:] != (COLOURS, height, width):
            return result.fail("what is mixed are not the frames one by one")
        weights = _producer(values["mixed"]).inputs[1:]
        if any(weight is None or weight.const_value is None for weight in weights):
            return result.fail("the convolution's weights are not constant")
        if weights[0] is None or _sizes(weights[0]) != (1, COLOURS, 1, 1):
            return result.fail("the convolution does not make one number of a pixel")
        if _sizes(values["mixed"])[2:] != (height, width):
            return result.fail("the convolution leaves pixels out or adds some")
        if width % BLOCK:
            return result.fail(f"rows are no multiple of {BLOCK} pixels")
        return result

    def rewrite(self, op: Any, **values: Value) -> Any:
        """Reshape(Transpose(Conv(Transpose(Cast(Reshape(frames))))))."""
        frames, name = values["frames"], values["mixed"].name
        batch, time, height, width, _ = _sizes(frames)
        blocks = (batch * time, height, width // BLOCK, BLOCK * COLOURS)
        lying = op.Cast(_reshaped(op, frames, blocks, f"{name}.blocks"), to=_FLOAT)
        weight, *added = (_numbers(w) for w in _producer(values["mixed"]).inputs[1:] if w)
        mix = weight.reshape(COLOURS)
        bias = sum(a.item() for a in added) - _number(values["offset"]) * mix.sum()
        diagonal = np.kron(np.eye(BLOCK), mix / _number(values["divisor"]))[:, :, None, None]
        mixed = op.Conv(
            op.Transpose(lying, perm=[0, 3, 1, 2]),  # in name only, where channels are innermost
            _constant(op, diagonal, f"{name}.diagonal"),
            _constant(op, np.full(BLOCK, bias), f"{name}.bias"),
        )
        images = (batch * time, 1, height, width)
        return _reshaped(op, op.Transpose(mixed, perm=[0, 2, 3, 1]), images, f"{name}.images")


def _planes_of_frames(values: dict[str, Value]) -> MatchResult:
    result = MatchResult()
    frames = values["frames"]
    if frames.dtype != onnx_ir.DataType.UINT8 or _sizes(frames)[4:] != (COLOURS,):
        return result.fail("the frames are not bytes (B,T,H,W,3) of known size")
    if tuple(_producer(values["turned"]).attributes["perm"].as_ints()) != _TO_PLANES:
        return result.fail("the transpose does not make planes of colours")
    for name in ("divisor", "offset"):
        constant = values[name].const_value
        if constant is None or constant.size != 1:
            return result.fail("pixels are not scaled by constant numbers")
    return result


def _is_padded(pool: Any) -> bool:
    pads = pool.get("pads")
    auto = pool.get("auto_pad")
    return (pads is not None and any(pads.as_ints())) or (
        auto is not None and auto.as_string() not in ("NOTSET", "VALID")
    )


def _sizes(value: Value) -> tuple[int, ...]:
    """All dimensions; none of them if one is not known."""
    if value.shape is None or not value.shape.is_static():
        return ()
    return tuple(int(size) for size in value.shape.numpy())


def _producer(value: Value) -> onnx_ir.Node:
    node = value.producer()
    assert node is not None
    return node


def _numbers(value: Value) -> NDArray[np.float64]:
    assert value.const_value is not None
    return np.asarray(value.const_value.numpy(), np.float64)


def _number(value: Value) -> float:
    return float(_numbers(value).item())


def _constant(op: Any, numbers: NDArray[Any], name: str) -> Any:
    return op.initializer(onnx_ir.tensor(numbers.astype(np.float32)), name=name)


def _reshaped(op: Any, value: Any, shape: tuple[int, ...], name: str) -> Any:
    return op.Reshape(value, op.initializer(onnx_ir.tensor(np.array(shape, np.int64)), name=name))
