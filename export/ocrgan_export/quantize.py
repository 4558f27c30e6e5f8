"""INT8 graphs: ranges from normal windows, multiplications in INT8, the score in float.

Weights have 7 bits: without VNNI, x86 multiplies 8-bit numbers in pairs into 16 bits, which
overflow silently with 8-bit weights (measured on such a machine: the feature term's rank
correlation with FP32 fell from 0.99 to 0.36). The same graph must be right on every device.
"""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from openvino.passes import ConstantFolding, Manager

from ocrgan_export.quantize_ranges import (
    QUANTIZED,
    Given,
    Ranges,
    Told,
    feed_of,
    quiet,
    read_ranges,
    want_windows,
)
from ocrgan_export.states_in_bytes import keep_bytes_onnx
from ocrgan_export.to_onnx import OUTPUTS, SCORE
from ocrgan_export.to_openvino import Ir, read_onnx, save_ir

__all__ = ["feed_of", "float_nodes", "quantize_onnx", "quantize_openvino", "quantize_with"]


def quantize_onnx(
    model: onnx.ModelProto, windows: Sequence[Given], told: Told = lambda: None
) -> onnx.ModelProto:
    """Static QDQ for ONNX Runtime: U8 activations, S8 weights per channel.

    Args:
        model: the FP32 graph.
        windows: normal windows (T, H, W, 3) that show the activations' ranges.
        told: for progress.

    Raises:
        DataError: there are no windows.
    """
    return quantize_with(read_ranges(model, windows, told))


def quantize_with(
    ranges: Ranges, kept: Collection[str] = (), only: Collection[str] = ()
) -> onnx.ModelProto:
    """The same from ranges that were read before.

    Args:
        ranges: of the FP32 graph.
        kept: nodes that stay in float, besides those that always do.
        only: if given, all other nodes stay in float.
    """
    model = onnx.ModelProto()
    model.CopyFrom(ranges.model)  # the quantizer changes what it is given
    with quiet():
        quantizer = QDQQuantizer(
            model,
            per_channel=True,
            reduce_range=True,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=copy.deepcopy(ranges.tensors),
            nodes_to_quantize=list(only),
            nodes_to_exclude=[*float_nodes(model), *kept],
            op_types_to_quantize=list(QUANTIZED),
            extra_options={},
        )
        quantizer.quantize_model()
        quantizer.model.topological_sort()
    quantized: onnx.ModelProto = quantizer.model.model
    keep_bytes_onnx(quantized)
    return quantized


def quantize_openvino(
    model: onnx.ModelProto, windows: Sequence[Given], told: Told = lambda: None
) -> Ir:
    """NNCF's post-training quantization for OpenVINO; arguments as for `quantize_onnx`."""
    want_windows(windows)

    def feed(window: Given) -> dict[str, NDArray[np.generic]]:
        told()
        return feed_of(model, window)

    with quiet():
        nncf = _import_nncf()
        advanced = nncf.quantization.advanced_parameters
        extremes = nncf.quantization.range_estimator.RangeEstimatorParametersSet.MINMAX
        quantized = nncf.quantize(
            _without_shape_computations(model),
            nncf.Dataset(list(windows), feed),
            subset_size=len(windows),
            preset=nncf.QuantizationPreset.MIXED,
            ignored_scope=nncf.IgnoredScope(
                names=_products_of_activations(model),
                # OpenVINO splits a node into several (`score.Conv_1/WithoutBiases`) and names
                # those that make an output after it.
                patterns=[rf"{SCORE}\..*", *(rf"{name}(/.*)?" for name in OUTPUTS)],
                types=["Softmax"],
                validate=False,
            ),
            advanced_parameters=advanced.AdvancedQuantizationParameters(
                overflow_fix=advanced.OverflowFix.ENABLE,
                # Its default is the mean of the windows' extremes, which cuts the rare ones off.
                activations_range_estimator_params=extremes,
            ),
        )
    return save_ir(quantized)


def float_nodes(model: onnx.ModelProto) -> list[str]:
    """Nodes that stay in float: the score, and products of activations (attention)."""
    score = [node.name for node in model.graph.node if node.name.startswith(f"{SCORE}.")]
    return score + _products_of_activations(model)


def _products_of_activations(model: onnx.ModelProto) -> list[str]:
    constants = {tensor.name for tensor in model.graph.initializer}
    return [
        node.name
        for node in model.graph.node
        if node.op_type == "MatMul" and not constants.intersection(node.input)
    ]


def _without_shape_computations(model: onnx.ModelProto) -> Any:
    """OpenVINO's own model, as small as it is to the runtime: NNCF's time grows with its square.

    Two fifths of what is read from ONNX are shapes of biases, computed anew in every run.
    """
    read = read_onnx(model)
    folding = Manager()
    folding.register_pass(ConstantFolding())
    folding.run_passes(read)
    return read


def _import_nncf() -> Any:
    """NNCF without its telemetry, which it would send unasked; late, because it takes seconds."""
    os.environ.setdefault("NNCF_CI", "1")
    import nncf

    nncf.set_log_level(logging.ERROR)
    return nncf
