from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.detection.sensitivity import factor_of, threshold_of


def test_words_stand_for_numbers() -> None:
    assert [factor_of(word) for word in ("low", "medium", "high")] == [0.67, 1.0, 1.5]
    assert factor_of(2.5) == 2.5


def test_twice_as_sensitive_halves_the_distance_from_normal_life() -> None:
    assert threshold_of(median=1.0, base=5.0, factor=2.0) == 3.0
    assert threshold_of(median=1.0, base=5.0, factor=0.5) == 9.0


def test_medium_keeps_the_threshold() -> None:
    assert threshold_of(median=0.5, base=4.5, factor=factor_of("medium")) == 4.5


def test_a_factor_of_0_is_refused() -> None:
    with pytest.raises(ValueError, match="sensitivity is 0, but must be above 0"):
        threshold_of(1.0, 2.0, 0.0)


@given(st.floats(0.1, 10), st.floats(0.1, 10))
def test_more_sensitive_never_has_the_higher_threshold(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert threshold_of(1.0, 4.0, high) <= threshold_of(1.0, 4.0, low)
