"""A graph in PyTorch → one ONNX FP32 file: static shapes, constants folded, readable names."""

from __future__ import annotations

import ast
import logging
import warnings
from collections import Counter

import onnx
import onnx_ir
import torch
from onnx_ir.passes import common
from onnxscript import optimizer
from onnxscript.rewriter.rules.common import fuse_batchnorm_into_conv_rule

from ocrgan_export.rewrites import apply_rewrites
from ocrgan_training.fused_graph import GraphOutputs, ScoringGraph

OPSET = 18
"""Old enough for ONNX Runtime 1.20 and OpenVINO 2025.0, new enough for every operator used."""

INPUTS = ("frames", "location_mean", "location_scale")
OUTPUTS = GraphOutputs._fields
"""Of a graph that has them all; see `ScoringGraph.outputs`."""

SCORE = "score"
"""What the names of all nodes begin with that belong to no module of the network."""

_SCOPES = "pkg.torch.onnx.name_scopes"


def to_onnx(graph: ScoringGraph) -> onnx.ModelProto:
    """Exports a graph, of windows or of steps.

    PyTorch's exporter leaves each shape computation in; a few passes fold them, which is much
    faster than its own optimiser (140,000 attempted matches) and leaves as lean a graph.

    Raises:
        onnx.checker.ValidationError: the result is no valid ONNX, which would be our fault.
    """
    model = _exported(graph)
    _simplify(model)
    apply_rewrites(model)
    _simplify(model)
    _name_nodes(model)
    proto = onnx_ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    return proto


def example_inputs(graph: ScoringGraph) -> tuple[torch.Tensor, ...]:
    """Gray frames with neutral statistics, in the shapes that the graph takes."""
    return tuple(graph.example().values())


def _exported(graph: ScoringGraph) -> onnx_ir.Model:
    for name in ("torch.onnx", "onnxscript", "onnx_ir"):  # their progress is no news to a user
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph,
            example_inputs(graph),
            dynamo=True,
            input_names=list(graph.example()),
            output_names=graph.outputs,
            opset_version=OPSET,
            optimize=False,
            verbose=False,
        )
    assert program is not None
    return program.model


def _simplify(model: onnx_ir.Model) -> None:
    # First, because a large weight that is used twice would not be folded.
    common.CommonSubexpressionEliminationPass()(model)
    optimizer.fold_constants(model)
    fuse_batchnorm_into_conv_rule.apply_to_model(model)
    for tidy in (
        common.IdentityEliminationPass(),
        common.RemoveUnusedNodesPass(),
        common.CommonSubexpressionEliminationPass(),
        common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0),
        common.DeduplicateInitializersPass(),
        common.RemoveUnusedNodesPass(),
    ):
        tidy(model)


def _name_nodes(model: onnx_ir.Model) -> None:
    """Names nodes and values after the module that made them, so that reports can be read.

    No name ends in a digit that a tool could append to: ONNX Runtime's quantizer makes `val_1964`
    out of `val_196`, which may be there already.
    """
    seen: Counter[str] = Counter()
    made_by: dict[onnx_ir.Value | None, str] = {}
    outputs = set(model.graph.outputs)
    for node in model.graph:
        module = _module(node) or made_by.get(node.inputs[0], SCORE)
        seen[f"{module}.{node.op_type}"] += 1
        node.name = f"{module}.{node.op_type}_{seen[f'{module}.{node.op_type}']}"
        node.metadata_props.clear()
        for index, value in enumerate(node.outputs):
            made_by[value] = module
            if value not in outputs:
                value.name = f"{node.name}.out_{index}_"
    for index, value in enumerate(list(model.graph.initializers.values())):
        if value.name and value.name.startswith("val_"):
            value.name = f"constant_{index}_"


def _module(node: onnx_ir.Node) -> str | None:
    """The module of PyTorch's that a node is from; None where a folding pass has put it there."""
    scopes = node.metadata_props.get(_SCOPES)
    if scopes is None:
        return None
    modules = [scope for scope in ast.literal_eval(scopes)[:-1] if scope]
    return modules[-1] if modules else SCORE
