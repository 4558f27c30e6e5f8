"""Thresholds on scores of a real graph, where normal life goes on after the recording."""

from pathlib import Path

import numpy as np
import pytest
from tests.edge.detection.threshold_coverage import coverage, normal_life


@pytest.mark.slow
def test_most_short_recordings_of_the_scene_keep_their_wish(tiny_bundle: Path) -> None:
    """15 minutes of normal life; recordings of one, wish: an alarm in ten minutes."""
    life = normal_life(tiny_bundle, "onnx-fp32", "scene:seed=5,seconds=900,size=96x64", hop=2)
    parts = coverage(life, 0.2, seconds=60, lengths=10)
    whole = coverage(life.max(axis=1, keepdims=True), 0.2, seconds=60, lengths=10)
    assert parts.recordings == 14
    assert parts.kept >= 0.9
    assert parts.median < whole.median
    assert np.isfinite(life).all()
