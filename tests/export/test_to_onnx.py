import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from ocrgan_export.quantize import feed_of
from ocrgan_export.to_onnx import INPUTS, OUTPUTS, to_onnx
from ocrgan_training.fused_graph import FusedGraph
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import NetworkConfig


def run(model: onnx.ModelProto, feed: dict) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return dict(zip(OUTPUTS, session.run(list(OUTPUTS), feed), strict=True))


def test_every_output_is_what_pytorch_gives(graph, model, unusual):
    for window in unusual[:3]:
        feed = feed_of(model, window)
        with torch.no_grad():
            wanted = graph(*(torch.from_numpy(array) for array in feed.values()))
        for name, found in run(model, feed).items():
            np.testing.assert_allclose(found, getattr(wanted, name), atol=1e-4, err_msg=name)


def test_statistics_are_inputs_not_constants(model, windows):
    feed = feed_of(model, windows[0])
    usual = run(model, feed)["score"]
    feed["location_mean"] = feed["location_mean"] + 1
    assert run(model, feed)["score"] < usual


def test_inputs_and_outputs_have_the_contracts_names_and_fixed_shapes(model):
    shapes = {
        value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in [*model.graph.input, *model.graph.output]
    }
    assert tuple(shapes) == (*INPUTS, *OUTPUTS)
    assert shapes["frames"] == [1, 8, 32, 32, 3]
    assert shapes["location_mean"] == shapes["location_scale"] == [5, 8, 8]
    assert shapes["terms"] == [5, 8, 8, 8]


def test_weights_lie_in_the_file_itself(model):
    assert not [tensor for tensor in model.graph.initializer if tensor.external_data]


def test_batch_normalisation_and_shape_computations_are_folded(model):
    left = {node.op_type for node in model.graph.node}
    assert not left & {"BatchNormalization", "Shape", "Constant", "Identity", "Dropout"}


def test_the_window_is_decomposed_once(model):
    borders = [node for node in model.graph.node if b"edge" in {a.s for a in node.attribute}]
    assert [node.op_type for node in borders] == ["Pad"]


def test_real_and_rebuilt_frames_are_one_batch_of_the_discriminator(model):
    convolutions = [
        node.name
        for node in model.graph.node
        if node.op_type == "Conv" and "network.discriminator.trunk.0" in node.name
    ]
    assert len(convolutions) == 1


def test_telling_attention_multiplies_no_matrices_of_its_own(model):
    kinds = [node.op_type for node in model.graph.node if "network.feature_attention." in node.name]
    # queries, keys and values in one, and the projection; then the two products of attention
    assert (kinds.count("Conv"), kinds.count("MatMul"), kinds.count("Softmax")) == (2, 2, 1)
    own = {node.op_type for node in model.graph.node if node.name.startswith("score.")}
    assert not own & {"MatMul", "Gemm"}


def without_attention(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph, less that output; what led to it alone is left for the runtime to drop."""
    less = onnx.ModelProto()
    less.CopyFrom(model)
    less.graph.output.remove(next(one for one in less.graph.output if one.name == "attention"))
    return less


@pytest.mark.parametrize("precision", ["model", "int8_model"])
def test_telling_attention_changes_no_other_output_by_a_bit(request, precision, unusual):
    model = request.getfixturevalue(precision)
    sessions = [
        onnxruntime.InferenceSession(each.SerializeToString(), providers=["CPUExecutionProvider"])
        for each in (model, without_attention(model))
    ]
    names = [name for name in OUTPUTS if name != "attention"]
    feed = feed_of(model, unusual[0])
    for told, untold in zip(*(session.run(names, feed) for session in sessions), strict=True):
        np.testing.assert_array_equal(told, untold)


@pytest.mark.slow
def test_a_network_of_single_frames_has_an_output_less(windows):
    config = NetworkConfig(8, 32, 32, 8, temporal="none", local_discriminator=False)
    exported = to_onnx(FusedGraph(OcrGanVideo(config)))
    names = [value.name for value in exported.graph.output]
    assert names == [name for name in OUTPUTS if name != "attention"]


def test_nodes_are_named_after_the_module_that_made_them(model):
    names = [node.name for node in model.graph.node]
    assert len(set(names)) == len(names)
    assert all(name.startswith(("network.", "score.")) for name in names)
    assert "network.discriminator.trunk.0.0.Conv_1" in names


@pytest.mark.parametrize("bad", ["frames", "location_mean"])
def test_a_window_of_another_size_is_refused(model, windows, bad):
    feed = feed_of(model, windows[0])
    feed[bad] = feed[bad][:, :-1]
    with pytest.raises(onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument):
        run(model, feed)
