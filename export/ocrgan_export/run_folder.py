"""A run folder as the makers of graphs see it: network, clips, graphs, bundle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import onnx

from ocrgan_calibration.calibrate import NormalClips
from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.video.folder_source import DEFAULT_RATE
from ocrgan_edge.video.normal_clips import share_out
from ocrgan_export.to_openvino import Ir
from ocrgan_training.checkpoint import CHECKPOINT
from ocrgan_training.data.pseudo_settings import PseudoSettings
from ocrgan_training.data.published import open_data_folder
from ocrgan_training.fused_graph import grid_of
from ocrgan_training.run_info import RunInfo, read_info

Kind = tuple[Literal["onnx", "openvino"], Literal["fp32", "fp16", "int8"]]

KINDS: dict[str, Kind] = {
    "onnx-fp32": ("onnx", "fp32"),
    "onnx-int8": ("onnx", "int8"),
    "openvino-fp16": ("openvino", "fp16"),
    "openvino-int8": ("openvino", "int8"),
}
"""Every target's runtime and precision."""


@dataclass(frozen=True)
class RunFolder:
    """RUN: where everything lies that was made from one training."""

    path: Path
    info: RunInfo

    @property
    def name(self) -> str:
        """The folder's own name, which the bundle has by default."""
        return self.path.resolve().name

    @property
    def checkpoint(self) -> Path:
        """The network's weights."""
        return self.path / CHECKPOINT

    @property
    def spec(self) -> InputSpec:
        """What the network's graphs take."""
        network = self.info.network
        return InputSpec(
            frames=network.frames,
            height=network.height,
            width=network.width,
            frames_per_second=self.info.frames_per_second,
        )

    @property
    def grid(self) -> tuple[int, int]:
        """Cells (h, w) of the anomaly map."""
        return grid_of(self.info.network)

    @property
    def pseudo(self) -> PseudoSettings:
        """The edits that the local discriminator was trained on, as large as its scene wants."""
        loader = self.info.settings.get("loader", {})
        return PseudoSettings.from_dict(loader.get("pseudo", {}))

    def bundle(self, name: str | None = None) -> Path:
        """Where the bundle lies."""
        return self.path / f"{name or self.name}.ocrgan"

    def graph_files(self, target: str) -> list[Path]:
        """The files of one target's graph, the one with the graph first."""
        stem = self.path / "graphs" / target
        endings = (".onnx",) if target.startswith("onnx") else (".xml", ".bin")
        return [stem.with_name(target + ending) for ending in endings]

    def clips(self, data: Path | None = None) -> NormalClips:
        """Normal clips, those held out by the training for the threshold.

        Args:
            data: another data set than the one the network was trained on.

        Raises:
            DataError: the folder or a held-out clip is not there.
        """
        folder = data or Path(self.info.data)
        learned, held_out = share_out(_normal_clips(folder))
        clips = learned | held_out
        if set(self.info.held_out) <= set(clips):
            held_out = {name: clips[name] for name in self.info.held_out}
            learned = {name: clips[name] for name in sorted(clips.keys() - held_out.keys())}
        elif data is None:
            missing = min(set(self.info.held_out) - set(clips))
            raise DataError(f"the held-out clip {missing!r} is no longer in {folder}")
        place = folder.resolve().name / next(iter(clips.values())).parent.relative_to(folder)
        source = f"{place}: {', '.join(held_out)} of {len(clips)} clips"
        return NormalClips(learned, held_out, source)


def _normal_clips(folder: Path) -> dict[str, Path]:
    """Those of a data set in any layout.

    Raises:
        DataError: there are none, or only their layout knows how fast pictures were taken.
    """
    found = open_data_folder(folder)
    clips = found.training()
    rate = found.frames_per_second or DEFAULT_RATE
    if rate != DEFAULT_RATE and any(path.is_dir() for path in clips.values()):
        raise DataError(
            f"{folder} holds pictures of {rate:g} frames/s, and they do not say so themselves: "
            f"train from what `python -m ocrgan_training.data {folder} OUT` writes"
        )
    return clips


def open_run(path: Path) -> RunFolder:
    """Reads what a run says about itself.

    Raises:
        DataError: `path` is no run folder, or its training has not written a checkpoint yet.
    """
    info = read_info(path)
    if info is None:
        raise DataError(f"{path} is no run folder: it has no run.json (ocrgan-train makes one)")
    if not (path / CHECKPOINT).exists():
        raise DataError(f"{path} has no {CHECKPOINT} yet: let ocrgan-train finish first")
    return RunFolder(path, info)


def is_newer(outputs: Iterable[Path], inputs: Iterable[Path]) -> bool:
    """Whether all outputs are there and none is older than any input."""
    made = list(outputs)
    if not all(path.exists() for path in made):
        return False
    newest = max(path.stat().st_mtime_ns for path in inputs)
    return all(path.stat().st_mtime_ns >= newest for path in made)


def save_graph(run: RunFolder, target: str, made: onnx.ModelProto | Ir) -> None:
    """Writes one target's graph into RUN/graphs."""
    files = run.graph_files(target)
    files[0].parent.mkdir(exist_ok=True)
    contents = [made.xml, made.weights] if isinstance(made, Ir) else [made.SerializeToString()]
    for file, content in zip(files, contents, strict=True):
        partial = file.with_name(file.name + ".partial")
        partial.write_bytes(content)
        partial.replace(file)


def load_graph(run: RunFolder, target: str) -> Graph:
    """One target's graph from RUN/graphs.

    Raises:
        DataError: it has not been made yet.
    """
    try:
        model, *weights = [file.read_bytes() for file in run.graph_files(target)]
    except FileNotFoundError as error:
        raise DataError(f"there is no {error.filename}: call ocrgan-export first") from None
    weights_file = weights[0] if weights else b""
    runtime, precision = KINDS[target]
    form: Literal["window", "step"] = "step" if run.info.network.causal else "window"
    return Graph(target, runtime, precision, model, weights_file, form)
