import copy

import numpy as np
import pytest
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional

from ocrgan_export.finetune_layers import Layer, Span, fold_norms, layers_in
from ocrgan_export.finetune_rounding import (
    ONNX_RULES,
    OPENVINO_RULES,
    rounded_weight,
    rounding,
)
from ocrgan_export.quantize_ranges import Ranges, read_ranges
from ocrgan_export.to_openvino import read_ir


@pytest.fixture(scope="module")
def ranges(model, windows) -> Ranges:
    return read_ranges(model, windows)


@pytest.fixture
def folded(network):
    """A copy to be changed."""
    made = copy.deepcopy(network)
    fold_norms(made)
    return made


def test_weights_become_multiples_of_their_channels_largest_by_its_number():
    weight = torch.tensor([[1.0, 0.30, -0.45], [0.0, 0.02, -0.08]])
    expected = torch.tensor([[1.0, 0.25, -0.50], [0.0, 0.02, -0.08]])
    torch.testing.assert_close(rounded_weight(weight, top=4), expected)


def test_a_channel_of_zeros_stays_one():
    assert rounded_weight(torch.zeros(2, 3), top=64).abs().max() == 0


def test_rounding_again_changes_nothing():
    once = rounded_weight(torch.randn(8, 3, 3, 3), top=64)
    torch.testing.assert_close(rounded_weight(once, top=64), once, rtol=0, atol=1e-6)


def test_activations_are_rounded_to_256_values_between_their_ends():
    span = Span(-1.0, 1.55)  # a step is 0.01
    values = torch.tensor([-2.0, -1.0, 0.0, 0.004, 0.006, 1.55, 9.0])
    expected = torch.tensor([-1.0, -1.0, 0.0, 0.0, 0.01, 1.55, 1.55])
    torch.testing.assert_close(span.rounded(values), expected)


def test_what_was_cut_off_has_no_gradient_and_what_was_rounded_has_its_own():
    values = torch.tensor([-2.0, 0.004, 0.006, 9.0], requires_grad=True)
    (Span(-1.0, 1.55).rounded(values) * torch.arange(1.0, 5.0)).sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == [0, 2, 3, 0]


def test_a_weights_gradient_is_by_rounding_steps():
    layer = nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.64, 0.1]]))  # a step is 0.01
    with rounding([Layer(layer, Span(-1, 1.55), None)], ONNX_RULES):
        layer(torch.tensor([[1.0, 0.0]])).sum().backward()
        moved = layer.parametrizations.weight.original
        torch.testing.assert_close(moved.grad, torch.tensor([[0.01, 0.0]]))


def test_a_channel_that_says_nothing_is_not_moved():
    layer = nn.Linear(1, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.0], [0.64]]))
        layer.bias.zero_()
    with rounding([Layer(layer, Span(-1, 1), None)], ONNX_RULES) as learned, torch.no_grad():
        for moved in learned:
            moved.fill_(3.0)  # steps: 0 of the first channel, 0.01 of the second
    assert layer.weight[0].item() == layer.bias[0].item() == 0
    assert layer.weight[1].item() == pytest.approx(0.67)
    assert layer.bias[1].item() == pytest.approx(0.03)


def test_afterwards_weights_stay_rounded_and_activations_are_float_again():
    layer = nn.Conv2d(2, 3, 3, bias=False)
    before, seen = layer.weight.detach().clone(), torch.randn(1, 2, 5, 5)
    with rounding([Layer(layer, Span(-4, 4), Span(-4, 4))], ONNX_RULES):
        inside = layer(seen)
    expected = rounded_weight(before, ONNX_RULES.top)
    torch.testing.assert_close(layer.weight, expected)
    assert not torch.equal(layer(seen), inside)
    torch.testing.assert_close(layer(seen), functional.conv2d(seen, expected))


def test_outputs_are_rounded_for_onnx_runtime_alone():
    layer = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        layer.weight.fill_(1.0)
    rounded = []
    for rules in (ONNX_RULES, OPENVINO_RULES):
        with rounding([Layer(layer, Span(0, 1), Span(0, 255))], rules):
            rounded.append(layer(torch.tensor([[0.6]])).item())
    assert rounded == [1.0, pytest.approx(0.6, abs=1e-6)]


def test_a_folded_network_says_what_it_said(network, folded, windows):
    video = torch.from_numpy(windows[0])[None].permute(0, 1, 4, 2, 3) / 127.5 - 1
    assert not any(isinstance(part, nn.BatchNorm2d) for part in folded.modules())
    with torch.no_grad():
        torch.testing.assert_close(folded.patch_logits(video), network.patch_logits(video))
        one, other = folded.reconstruct(video), network.reconstruct(video)
        torch.testing.assert_close(one.fake, other.fake, rtol=1e-4, atol=1e-5)


def test_the_local_discriminators_convolutions_are_found_with_the_graphs_ranges(
    folded, ranges, model
):
    modules = {id(layer.module): layer for layer in layers_in(folded, ranges)}
    local = [part for part in folded.local_discriminator.modules() if isinstance(part, nn.Conv2d)]
    found = [modules[id(part)] for part in local]
    assert len(found) == 6
    node = next(
        n for n in model.graph.node if n.name == "network.local_discriminator.classifier.Conv_1"
    )
    low, high = ranges.tensors.data[node.output[0]].range_value
    assert found[-1].made == Span(min(float(low.min()), 0.0), max(float(high.max()), 0.0))
    assert all(
        one.made is not None and one.made.high > 0.15 * other.given.high
        for one, other in zip(found, found[1:], strict=False)
    )


def test_what_a_graph_has_in_parts_is_left_as_it_is(folded, ranges):
    names = {id(module): name for name, module in folded.named_modules()}
    found = {names[id(layer.module)] for layer in layers_in(folded, ranges)}
    assert "generator.decoders.0.levels.1.0.0" not in found  # its input is put together of two
    assert "generator.decoders.0.levels.1.1.0" in found


def test_weights_are_rounded_as_in_onnx_runtimes_graph(model, int8_model):
    floats = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    rounded = {tensor.name: tensor for tensor in int8_model.graph.initializer}
    compared = 0
    for name, weight in floats.items():
        if f"{name}_quantized" not in rounded or weight.ndim != 4:
            continue
        numbers = numpy_helper.to_array(rounded[f"{name}_quantized"])
        scale = numpy_helper.to_array(rounded[f"{name}_scale"])
        if scale.shape != (len(weight),):
            continue  # a bias
        expected = numbers * scale.reshape(-1, 1, 1, 1)
        ours = rounded_weight(torch.from_numpy(weight.copy()), ONNX_RULES.top).numpy()
        np.testing.assert_allclose(ours, expected, atol=1e-6)
        compared += 1
    assert compared > 10


def test_openvinos_weights_have_the_largest_number_that_is_said(int8_ir):
    found = [
        np.abs(op.data.astype(int)).reshape(op.data.shape[0], -1).max(1)
        for op in read_ir(int8_ir).get_ops()
        if op.get_type_name() == "Constant"
        and op.get_element_type().get_type_name() == "i8"
        and len(op.get_output_shape(0)) == 4
    ]
    largest = np.concatenate(found)
    assert len(largest) > 100
    assert np.median(largest) == OPENVINO_RULES.top
