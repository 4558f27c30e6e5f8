"""What makes a daemon's memory smaller takes nothing away that somebody needs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from ocrgan_edge.runtime.lean_memory import give_back, keep_little


def in_a_new_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_openvino_is_imported_without_its_converter() -> None:
    pytest.importorskip("openvino")
    code = (
        "import sys; from ocrgan_edge.runtime.lean_memory import import_openvino;"
        "import_openvino(); import openvino;"
        "print(hasattr(openvino, 'Core'), 'openvino.tools.ovc' in sys.modules)"
    )
    assert in_a_new_process(code) == "True False"


def test_the_converter_can_be_imported_afterwards() -> None:
    pytest.importorskip("openvino")
    code = (
        "from ocrgan_edge.runtime.lean_memory import import_openvino; import_openvino();"
        "from openvino.tools.ovc import convert_model; print(callable(convert_model))"
    )
    assert in_a_new_process(code) == "True"


def test_arrays_are_what_they_were_when_memory_is_given_back() -> None:
    kept = np.arange(10_000)
    np.zeros(10_000_000).fill(1)
    give_back()
    assert (kept == np.arange(10_000)).all()


def test_a_process_that_keeps_little_computes_as_before() -> None:
    code = (
        f"import numpy as np; from {keep_little.__module__} import keep_little; keep_little();"
        "print(int(sum(np.ones(100_000).sum() for _ in range(10))))"
    )
    assert in_a_new_process(code) == "1000000"
