"""Graph rewrites of our own: each states its algebra, refuses with a reason, and pays.

Batch normalisation is folded before these, by onnxscript's own rule.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir
from onnx_ir import Attr, Value
from onnx_ir.passes.common import ShapeInferencePass
from onnxscript.rewriter import MatchResult, pattern

from ocrgan_export.frame_rewrites import ColoursMixedByBlocks, MeansOfSquares, NewestFramesFirst
from ocrgan_export.transpose_rewrites import TransposesMerged


class ConvolutionBeforeUpsampling(pattern.RewriteRuleClassBase):
    """Conv₁ₓ₁(concat(up(a), b), W) → up(Conv₁ₓ₁(a, Wₐ)) + Conv₁ₓ₁(b, W_b), up = nearest × 2.

    A 1×1 convolution is linear in its channels, so W = (Wₐ W_b) splits over what is concatenated,
    and it commutes with repeating pixels. The half that sees `a` then costs a quarter, what is
    upsampled are the channels that come out, not those that go in, and nothing is concatenated.
    Measured on a decoder's outermost step (16 + 16 → 8 channels, 32×32, 16 frames, one thread of
    an AVX2 machine): ONNX Runtime 0.70 of the time in FP32, 0.51 in INT8; OpenVINO 0.57, 0.75.
    """

    def pattern(self, op: Any, small: Any, skip: Any, weight: Any, bias: Any) -> Any:
        """Conv(Concat(Resize(small), skip))."""
        large = op.Resize(small, _allow_other_inputs=True, _outputs=["large"])
        both = op.Concat(large, skip, axis=1, _outputs=["both"])
        return op.Conv(both, weight, bias, _outputs=["convolved"])

    def check(self, op: Any, *_: Any, **values: Value) -> MatchResult:
        """Only a dense 1×1 convolution, and only what is used nowhere else."""
        result = MatchResult()
        weight, bias = values["weight"].const_value, values["bias"].const_value
        if weight is None or bias is None:
            return result.fail("the convolution's weights are not constant")
        if len(values["weight"].uses()) > 1:
            return result.fail("the convolution's weights are used elsewhere too")
        if tuple(weight.shape)[2:] != (1, 1) or not _is_plain(values["convolved"]):
            return result.fail("the convolution is not 1×1, or it is grouped, padded or strided")
        if not is_nearest_times_two(values["small"], values["large"]):
            return result.fail("the resize is not nearest neighbours times two")
        if len(values["large"].uses()) > 1 or len(values["both"].uses()) > 1:
            return result.fail("the upsampled or the concatenated frames are used elsewhere too")
        return result

    def rewrite(self, op: Any, **values: Value) -> Any:
        """Add(Resize(Conv(small)), Conv(skip))."""
        small, weight, bias = values["small"], values["weight"], values["bias"]
        assert weight.const_value is not None
        assert small.shape is not None
        kernel = weight.const_value.numpy()
        channels = small.shape[1]
        assert isinstance(channels, int)
        for_small = onnx_ir.tensor(np.ascontiguousarray(kernel[:, :channels]))
        for_skip = onnx_ir.tensor(np.ascontiguousarray(kernel[:, channels:]))
        none = onnx_ir.tensor(np.zeros(len(kernel), np.float32))
        convolved = op.Conv(
            small,
            op.initializer(for_small, name=f"{weight.name}.upsampled"),
            op.initializer(none, name=f"{weight.name}.upsampled_bias"),
        )
        resize = values["large"].producer()
        assert resize is not None
        large = op.Resize(convolved, *resize.inputs[1:], **resize.attributes)
        skipped = op.Conv(
            values["skip"], op.initializer(for_skip, name=f"{weight.name}.skip"), bias
        )
        return op.Add(large, skipped)


class ProjectionAsConvolution(pattern.RewriteRuleClassBase):
    """x·W + b on rows (N,T,C) → the 1×1 convolution with kernel Wᵀ on one image of N × T pixels.

    Both sum the same products per row. The transposes around it only rename axes for a runtime
    that keeps channels innermost, as INT8 convolutions do. OpenVINO's INT8 matrix product has no
    fast kernel without VNNI: the 33 projections of a 64×64 window (n = 16, one thread of an AVX2
    machine) took 8.9 ms in FP32, 22.2 as INT8 matrix products and 2.9 as INT8 convolutions.
    ONNX Runtime: the whole INT8 graph takes 0.95 of the time, the FP32 graph 1.01.
    """

    def pattern(self, op: Any, rows: Any, weight: Any, bias: Any) -> Any:
        """Add(MatMul(rows, weight), bias)."""
        return op.Add(op.MatMul(rows, weight, _outputs=["product"]), bias)

    def check(self, op: Any, *_: Any, **values: Value) -> MatchResult:
        """Only projections by constants of rows that are (N, T, C)."""
        result = _constant_projection(values["rows"], values["weight"])
        bias = values["bias"]
        if result and (bias.const_value is None or len(bias.const_value.shape) != 1):
            return result.fail("what is added is no constant vector")
        if result and len(values["product"].uses()) > 1:
            return result.fail("the product is used elsewhere too")
        return result

    def rewrite(self, op: Any, **values: Value) -> Any:
        """Squeeze(Transpose(Conv(Transpose(Unsqueeze(rows)))))."""
        return _as_convolution(op, values["rows"], values["weight"], values["bias"])


class ProductAsConvolution(pattern.RewriteRuleClassBase):
    """x·W on rows (N,T,C): the same without b. Comes after, for what nothing is added to."""

    def pattern(self, op: Any, rows: Any, weight: Any) -> Any:
        """MatMul(rows, weight)."""
        return op.MatMul(rows, weight)

    def check(self, op: Any, *_: Any, **values: Value) -> MatchResult:
        """Only products of rows that are (N, T, C) and a constant."""
        return _constant_projection(values["rows"], values["weight"])

    def rewrite(self, op: Any, **values: Value) -> Any:
        """As a projection, whose bias is 0."""
        weight = values["weight"]
        assert weight.const_value is not None
        none = onnx_ir.tensor(np.zeros(weight.const_value.numpy().shape[1], np.float32))
        bias = op.initializer(none, name=f"{weight.name}.no_bias")
        return _as_convolution(op, values["rows"], weight, bias)


def _constant_projection(rows: Value, weight: Value) -> MatchResult:
    result = MatchResult()
    if weight.const_value is None or len(weight.const_value.shape) != 2:
        return result.fail("the second factor is no constant matrix")
    if len(weight.uses()) > 1:
        return result.fail("the matrix is used elsewhere too")
    if rows.shape is None or len(rows.shape) != 3:
        return result.fail("the rows are not (N, T, C)")
    return result


def _as_convolution(op: Any, rows: Value, weight: Value, bias: Any) -> Any:
    assert weight.const_value is not None
    kernel = np.ascontiguousarray(weight.const_value.numpy().T)[:, :, None, None]
    image = op.Unsqueeze(rows, _first_axis(op, f"{weight.name}.image"))
    convolved = op.Conv(
        op.Transpose(image, perm=[0, 3, 1, 2]),  # (1,N,T,C) → (1,C,N,T)
        op.initializer(onnx_ir.tensor(kernel), name=f"{weight.name}.kernel"),
        bias,
    )
    back = op.Transpose(convolved, perm=[0, 2, 3, 1])
    return op.Squeeze(back, _first_axis(op, f"{weight.name}.rows"))


RULES: dict[str, type[pattern.RewriteRuleClassBase]] = {
    "convolution before upsampling": ConvolutionBeforeUpsampling,
    "projection as convolution": ProjectionAsConvolution,
    "product as convolution": ProductAsConvolution,
    "transposes merged": TransposesMerged,
    "newest frames first": NewestFramesFirst,
    "means of squares": MeansOfSquares,
    "colours mixed by blocks": ColoursMixedByBlocks,
}


def apply_rewrites(model: onnx_ir.Model) -> dict[str, int]:
    """Applies all rewrites in place; gives how often each fired."""
    return {name: apply_rule(model, rule) for name, rule in RULES.items()}


def apply_rule(model: onnx_ir.Model, rule: type[pattern.RewriteRuleClassBase]) -> int:
    """Applies one rewrite in place; gives how often it fired."""
    ShapeInferencePass()(model)  # rules ask for shapes, also of what the rule before has made
    made: pattern.RewriteRule = rule.rule()  # type: ignore[no-untyped-call]
    return int(pattern.RewriteRuleSet([made], commute=True).apply_to_model(model))


def _first_axis(op: Any, name: str) -> Any:
    return op.initializer(onnx_ir.tensor(np.zeros(1, np.int64)), name=name)


def is_nearest_times_two(small: Value, large: Value) -> bool:
    """Whether `large` is `small` with every pixel as a square of four."""
    resize = large.producer()
    if resize is None or small.shape is None or len(resize.inputs) < 3:
        return False
    mode = resize.attributes.get("mode")
    scales = resize.inputs[2]
    return (
        len(resize.inputs) == 3  # scales, not sizes
        and (mode is None or mode.as_string() == "nearest")
        and scales is not None
        and scales.const_value is not None
        and scales.const_value.numpy().tolist() == [1, 1, 2, 2]
    )


def _is_plain(convolved: Value) -> bool:
    """Whether it is what a convolution without group, stride and padding gives."""
    node = convolved.producer()
    return node is not None and all(
        _ints(node.attributes.get(name)) <= {plain}
        for name, plain in (("strides", 1), ("pads", 0), ("group", 1))
    )


def _ints(attribute: Attr | None) -> set[int]:
    if attribute is None:
        return set()
    if attribute.type == onnx_ir.AttributeType.INT:
        return {attribute.as_int()}
    return set(attribute.as_ints())
