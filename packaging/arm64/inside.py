"""Run by the interpreters of both machines: what this one is and how it scores golden windows.

Reads nothing but the installed project; prints JSON.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import platform
import sys
from importlib.metadata import version

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.self_test import golden_scores, golden_windows
from ocrgan_edge.service.demo import DEMO_BUNDLE

AT_HWCAP = 16
ASIMDDP = 1 << 20
"""Bit of the dot products (Linux: arch/arm64/include/uapi/asm/hwcap.h)."""


def dot_products() -> bool | None:
    """Whether the processor has them; None where that is not asked for."""
    if platform.machine() != "aarch64":
        return None
    getauxval = ctypes.CDLL(None).getauxval
    getauxval.restype = ctypes.c_ulong
    return bool(getauxval(AT_HWCAP) & ASIMDDP)


def main(target: str, names: list[str]) -> None:
    """Prints what this machine is, which of the names can be imported, and the scores."""
    bundle = open_bundle(DEMO_BUNDLE)
    scorer = open_scorer(bundle, target, 1, check=False)
    found = {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "libc": " ".join(platform.libc_ver()),
        "onnxruntime": version("onnxruntime"),
        "dot_products": dot_products(),
        "importable": [name for name in names if importlib.util.find_spec(name)],
        "bundle": bundle.sha256,
        "scores": golden_scores(scorer, golden_windows(bundle)).tolist(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
