"""What `make bench` has measured of windows, and how figures are written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from in_turn import Ratio

ORDER = ("nano", "small", "base", "large", "recipe")
NAMES = {
    "torch-eager": "PyTorch",
    "torch-compile": "torch.compile",
    "onnx-fp32": "ONNX Runtime FP32",
    "onnx-int8": "**ONNX Runtime INT8**",
    "openvino-fp32": "OpenVINO FP32",
    "openvino-fp16": "OpenVINO FP32, weights FP16",
    "openvino-bf16": "OpenVINO BF16",
    "openvino-int8": "**OpenVINO INT8**",
    "plain-onnx-fp32": "plain export, ONNX Runtime FP32",
    "plain-onnx-int8": "plain export, ONNX Runtime INT8",
    "plain-openvino-fp32": "plain export, OpenVINO FP32",
    "plain-openvino-int8": "plain export, OpenVINO INT8",
}


@dataclass(frozen=True)
class Figures:
    """What was measured of a preset."""

    preset: str
    info: Mapping[str, Any]

    @property
    def seconds(self) -> dict[str, list[float]]:
        """By what ran, a value per round, one thread."""
        found: dict[str, list[float]] = self.info["seconds"]
        return found


@dataclass(frozen=True)
class Measured(Figures):
    """A preset's targets."""

    date: str

    @property
    def targets(self) -> list[str]:
        """Those that ran."""
        return [name for name in NAMES if name in self.seconds]

    def rate(self, target: str) -> float:
        """GMAC/s of the network's own multiply-adds."""
        return float(self.info["macs"] / median(self.seconds[target]) / 1e9)

    def convolution_rate(self, precision: str) -> float:
        """GMAC/s of the large plain convolution, in the runtime that does it best."""
        best = min(
            median(seconds)
            for name, seconds in self.seconds.items()
            if name.startswith("convolution-") and name.endswith(precision)
        )
        return float(self.info["convolution_macs"] / best / 1e9)


def read(folder: Path) -> list[Measured]:
    """All presets that were measured."""
    found = {}
    for path in folder.glob("*.json"):
        told = json.loads(path.read_text())
        info = told["benchmarks"][0]["extra_info"]
        found[info["preset"]] = Measured(info["preset"], info, told["datetime"][:10])
    return [found[name] for name in ORDER if name in found]


def shown(ratio: Ratio) -> str:
    """For example `2.1 (2.0–2.3)`."""
    return f"{ratio.median:.2g} ({ratio.low:.2g}–{ratio.high:.2g})"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    heads = list(head)
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
