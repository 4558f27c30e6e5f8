"""Two machines agree if every score is within the tolerance that a bundle's self-test has."""

from __future__ import annotations

import math

import pytest
from arm64.agreement import agree
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.bundle import Calibration, Target

CALIBRATION = Calibration(
    threshold=2,
    median=1,
    false_alarms_per_day=1,
    windows=10,
    minutes=1,
    hop=2,
    source="none",
)


def target(tolerance: float | None = None) -> Target:
    return Target(
        runtime="onnx",
        precision="int8",
        graph="g",
        statistics="s",
        calibration=CALIBRATION,
        golden_tolerance=tolerance,
    )


def test_the_largest_difference_and_what_is_allowed_there_are_told() -> None:
    # INT8: 0.05 · (score + 1), so 0.1 at a score of 1 and 0.25 at 4.
    found = agree(target(), [1.0625, 4.125], [1.0, 4.0])
    assert found.good
    assert found.windows == 2
    assert found.largest == 0.125
    assert found.allowed == pytest.approx(0.1)
    assert str(found) == "largest difference 0.12 (allowed 0.1)"


def test_one_window_beyond_its_tolerance_is_enough() -> None:
    assert not agree(target(), [1.0, 4.5], [1.0, 4.0]).good


def test_a_bundles_own_tolerance_counts() -> None:
    assert not agree(target(0.01), [1.0625], [1.0]).good


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_that_is_no_number_is_infinitely_far(score: float) -> None:
    found = agree(target(), [score], [1.0])
    assert not found.good
    assert found.largest == math.inf


def test_a_missing_window_is_no_agreement() -> None:
    assert not agree(target(), [1.0], [1.0, 1.0]).good
    assert not agree(target(), [], []).good


@given(st.lists(st.floats(0, 1e3, width=32), min_size=1))
def test_a_machine_agrees_with_itself(scores: list[float]) -> None:
    found = agree(target(), scores, scores)
    assert found.good
    assert found.largest == 0
