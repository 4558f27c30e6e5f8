import os
import subprocess
import sys
from pathlib import Path

import pytest

SCORE = """
import sys
from pathlib import Path
import numpy as np
from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.runtime.open_scorer import open_scorer
bundle = open_bundle(Path(sys.argv[1]))
spec = bundle.manifest.input
scorer = open_scorer(bundle, sys.argv[2], check=False)
scorer.score(np.zeros((spec.frames, spec.height, spec.width, 3), np.uint8))
print("telemetry is", "loaded" if sys.modules.get("openvino_telemetry") else "not loaded")
"""
BUNDLE = Path(__file__).parents[2] / "fixtures" / "tiny.ocrgan"


@pytest.mark.parametrize(
    "target", ["onnx-fp32", pytest.param("openvino-fp16", marks=pytest.mark.slow)]
)
def test_a_runtime_leaves_no_record_of_what_it_ran(target: str, tmp_path: Path) -> None:
    switches = {"CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    environment = {key: value for key, value in os.environ.items() if key not in switches}
    scored = subprocess.run(
        [sys.executable, "-c", SCORE, str(BUNDLE), target],
        env=environment | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert scored.stdout == "telemetry is not loaded\n"
    assert list(tmp_path.rglob("*")) == []
