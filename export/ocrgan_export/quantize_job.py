"""One call of `ocrgan-quantize`: what all its targets are made and measured with, made once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Literal

import onnx

from ocrgan_edge.bundle import Bundle
from ocrgan_edge.runtime.agreement import agreement
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.precision import precision_of
from ocrgan_export.equalise import equalised
from ocrgan_export.export_run import REFERENCE, Step
from ocrgan_export.gates import auc_difference, parity_checks, share_check
from ocrgan_export.measure import Material, Reference, from_bundle, measure_by, reference_of
from ocrgan_export.measure_edited import edited_windows
from ocrgan_export.quantize import quantize_openvino, quantize_with
from ocrgan_export.quantize_layers import float_in_openvino, layers_of
from ocrgan_export.quantize_ranges import Given, Ranges, feed_of, read_ranges
from ocrgan_export.quantize_search import Judged, Make
from ocrgan_export.quantize_steps import step_feeds
from ocrgan_export.run_folder import KINDS, RunFolder, load_graph, save_graph
from ocrgan_export.sensitivity import LayerError, Probe, layer_errors
from ocrgan_export.to_openvino import Ir, read_ir, save_ir, with_state_inside
from ocrgan_export.windows import Window, sample_windows, spread

PROBED = 6
"""Windows that each layer's error is measured on: with thousands of cells each, enough."""


@dataclass(frozen=True)
class Job:
    """A run, its FP32 target, and normal windows."""

    run: RunFolder
    bundle: Bundle
    material: Material
    count: int
    """Normal windows that INT8 ranges are read from, beside those with something wrong."""
    step: Step

    @cached_property
    def model(self) -> onnx.ModelProto:
        """The FP32 graph."""
        return onnx.load_from_string(load_graph(self.run, REFERENCE).model)

    @cached_property
    def windows(self) -> list[Window]:
        """Normal windows that the network was trained on."""
        return sample_windows(self.material.clips.statistics, self.material.spec, self.count)

    @cached_property
    def edited(self) -> list[Window]:
        """Of the same clips, with something wrong in them."""
        return edited_windows(self.material.clips.statistics, self.material.spec, self.run.pseudo)

    @cached_property
    def equalised(self) -> onnx.ModelProto:
        """The FP32 graph as it is quantized: channels as large as each other."""
        given = self.given
        return equalised(self.model, given, self.step("channels", len(given)))

    @cached_property
    def ranges(self) -> Ranges:
        """Of all activations of the graph that is quantized."""
        return self._ranges_of(self.equalised)

    @cached_property
    def ranges_as_trained(self) -> Ranges:
        """The same of the network itself."""
        return self._ranges_of(self.model)

    @cached_property
    def form(self) -> Literal["window", "step"]:
        """What the run's graphs take at once."""
        return load_graph(self.run, REFERENCE).form

    @cached_property
    def given(self) -> Sequence[Given]:
        """What the graph is run on to read ranges: windows, or single frames with their past.

        Among them windows with something wrong: what only an anomaly does to an activation would
        be cut off by ranges of normal life, and just these scores would be pressed together.
        """
        windows = [*self.windows, *self.edited]
        if self.form == "window":
            return windows
        return step_feeds(self.model, windows, partial(self.step, "states"))

    @cached_property
    def reference(self) -> Reference:
        """The FP32 target's scores."""
        done = self.step("scores of FP32", 1)
        found = reference_of(from_bundle(self.bundle, REFERENCE), self.material, self.windows)
        done()
        return found

    @cached_property
    def errors(self) -> list[LayerError]:
        """Of each layer in INT8 alone, the worst first; the same for both runtimes.

        Measured with ONNX Runtime's quantizer. What another quantizer makes of the layers that
        are so found is told by its own gate.
        """
        material, measured = self.material, self.reference.measured
        graph = as_graph(REFERENCE, self.model, self.form)  # nodes have the names of this one
        fp32 = precision_of(graph, feed_of(self.model, material.golden[0]))
        probe = Probe(
            spread(material.compared, PROBED),
            material.plan,
            measured.statistics,
            self.form,
            material.threads,
        )
        done = self.step("error of each layer", len(layers_of(self.model)))
        return layer_errors(self.ranges, fp32.floats, probe, done)

    def of(self, model: onnx.ModelProto) -> Job:
        """The same for a graph with other weights, which is still compared with the FP32 target."""
        other = replace(self)
        same = {"windows": self.windows, "edited": self.edited, "reference": self.reference}
        vars(other).update(same, model=model)  # where what is computed once is kept
        return other

    def maker(self, target: str) -> Make:
        """What makes a target's graphs, whatever is kept in float; quantizes once."""
        if target.startswith("onnx"):
            nodes = layers_of(self.model)

            def mixed_onnx(kept: Sequence[str]) -> Graph:
                left = [node for layer in kept for node in nodes[layer]]
                return as_graph(target, quantize_with(self.ranges, left), self.form)

            return mixed_onnx
        given = self.given
        told = self.step(f"NNCF for {target}", len(given))
        plain = quantize_openvino(self.equalised, given, told)

        def mixed_openvino(kept: Sequence[str]) -> Graph:
            mixed = float_in_openvino(plain, self.equalised, kept) if kept else plain
            if self.form == "step":
                mixed = save_ir(with_state_inside(read_ir(mixed)))
            return as_graph(target, mixed, self.form)

        return mixed_openvino

    def judge(self, graph: Graph) -> Judged:
        """Measures a graph, compares it with FP32 and looks at what its runtime made of it."""
        material, reference = self.material, self.reference
        done = self.step(graph.target, 1)
        measured, scores = measure_by(reference, graph, material, done)
        thresholds = (
            reference.measured.calibration.threshold,
            measured.calibration.threshold,
        )
        parity = agreement(reference.scores, scores, thresholds)
        parity["auc_difference"] = auc_difference(reference.scores, scores, material.abnormal)
        precision = precision_of(graph, feed_of(self.model, material.golden[0]))
        return Judged(
            replace(measured, parity=parity, int8_share=precision.share),
            parity_checks(graph.target, parity),
            share_check(graph.target, precision.share, _most(precision.floats)),
        )

    def _ranges_of(self, model: onnx.ModelProto) -> Ranges:
        given = self.given
        return read_ranges(model, given, self.step("ranges", len(given)))


def as_graph(target: str, made: onnx.ModelProto | Ir, form: Literal["window", "step"]) -> Graph:
    """What a quantizer has made, as the runtimes take it."""
    runtime, precision = KINDS[target]
    if isinstance(made, Ir):
        return Graph(target, runtime, precision, made.xml, made.weights, form)
    return Graph(target, runtime, precision, made.SerializeToString(), b"", form)


def save_judged(run: RunFolder, judged: Judged) -> None:
    """Writes a graph into RUN/graphs, and beside it which of its layers are in float."""
    graph = judged.measured.graph
    made = (
        onnx.load_from_string(graph.model)
        if graph.runtime == "onnx"
        else Ir(graph.model, graph.weights)
    )
    save_graph(run, graph.target, made)
    _note(run, graph.target, "kept").write_text(json.dumps(judged.measured.kept, indent=1))
    _note(run, graph.target, "finetuned").write_text(json.dumps(judged.measured.finetuned))


def load_kept(run: RunFolder, target: str) -> dict[str, float]:
    """What `save_judged` has noted: layers in float and their errors."""
    try:
        found: dict[str, float] = json.loads(_note(run, target, "kept").read_text())
    except FileNotFoundError:
        return {}
    return found


def load_finetuned(run: RunFolder, target: str) -> int:
    """What `save_judged` has noted: steps of fine-tuning, 0 for none."""
    try:
        return int(json.loads(_note(run, target, "finetuned").read_text()))
    except FileNotFoundError:
        return 0


def _note(run: RunFolder, target: str, what: str) -> Path:
    return run.graph_files(target)[0].with_suffix(f".{what}.json")


def _most(floats: Mapping[str, int]) -> str:
    """The nodes that stay in float with the most multiplications, for a message."""
    return "in float: " + ", ".join(list(floats)[:5])
