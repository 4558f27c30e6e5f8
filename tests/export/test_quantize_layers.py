import numpy as np
import pytest

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import load_scorer
from ocrgan_edge.runtime.precision import precision_of
from ocrgan_export.measure import neutral
from ocrgan_export.quantize import feed_of
from ocrgan_export.quantize_layers import float_in_openvino, layers_of
from ocrgan_export.to_openvino import Ir

pytestmark = pytest.mark.slow

SPEC = InputSpec(frames=8, height=32, width=32, frames_per_second=10)
ENCODER = "network.generator.encoders.0.levels.1.1.Conv_1"
SHUFFLE = "network.generator.shuffles.0.reduce.Conv_1"


def graph_of(ir: Ir) -> Graph:
    return Graph("openvino-int8", "openvino", "int8", ir.xml, ir.weights)


def terms(graph: Graph, windows) -> np.ndarray:
    scorer = load_scorer(graph, SPEC, neutral((8, 8)), threads=1)
    return np.stack([scorer.score(window).terms for window in windows])


@pytest.mark.parametrize("layer", [ENCODER, SHUFFLE])
def test_openvino_multiplies_a_kept_layer_in_float(model, int8_ir, windows, layer):
    feed = feed_of(model, windows[0])
    before = precision_of(graph_of(int8_ir), feed)
    after = precision_of(graph_of(float_in_openvino(int8_ir, model, [layer])), feed)
    assert after.floats.keys() - before.floats.keys() == {layer}


def test_with_all_layers_in_float_openvino_says_what_fp32_says(model, ir, int8_ir, windows):
    mixed = float_in_openvino(int8_ir, model, layers_of(model))
    fp32, int8, found = (terms(graph_of(one), windows[:2]) for one in (ir, int8_ir, mixed))
    # What is rounded still are sums and products of activations, which belong to no layer.
    assert np.abs(found - fp32).mean() < 0.2 * np.abs(int8 - fp32).mean()


def test_every_layer_is_named_as_in_the_graph(model):
    names = {node.name for node in model.graph.node}
    for layer, nodes in layers_of(model).items():
        assert layer == nodes[0]
        assert set(nodes) <= names


def test_no_node_is_in_two_layers(model):
    nodes = [node for nodes in layers_of(model).values() for node in nodes]
    assert len(nodes) == len(set(nodes))
