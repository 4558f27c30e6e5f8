"""Per-location statistics of the terms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as shapes
from numpy.typing import NDArray

from ocrgan_edge.detection.term_statistics import TermStatistics
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.scorer import LocationStatistics


def one_term(*frames: float, height: int = 1, width: int = 1) -> NDArray[np.float32]:
    """A window's terms (1, T, h, w), the same at every place."""
    values = np.array(frames, np.float32)[None, :, None, None]
    return np.broadcast_to(values, (1, len(frames), height, width)).copy()


def measured(
    *windows: NDArray[np.float32],
    recent: int = 2,
    floor: float = 0.0,
    smoothing: float = 0.0,
    own: float = 1.0,
) -> LocationStatistics:
    gathered = TermStatistics(recent)
    for window in windows:
        gathered.add(window)
    return gathered.statistics(floor, smoothing, own)


def test_mean_and_spread_are_over_frames_of_all_windows() -> None:
    found = measured(one_term(1, 3), one_term(5, 7))
    assert found.mean.item() == 4
    assert found.scale.item() == pytest.approx(np.sqrt(5))


def test_only_the_newest_frames_count() -> None:
    found = measured(one_term(100, 100, 1, 3), recent=2)
    assert found.mean.item() == 2


def test_terms_have_statistics_of_their_own() -> None:
    window = np.concatenate([one_term(0, 2), one_term(0, 200)])
    found = measured(window)
    assert found.mean.ravel().tolist() == [1, 100]
    assert found.scale.ravel().tolist() == [1, 100]


def test_a_place_without_life_gets_a_share_of_the_typical_spread() -> None:
    window = one_term(0, 0, width=4)
    window[0, :, 0, 0] = [0, 4]  # variance 4 at one place of four: typical variance 1
    found = measured(window, floor=0.5)
    assert found.scale.ravel().tolist() == pytest.approx([np.sqrt(4.25), 0.5, 0.5, 0.5])


def test_of_a_places_own_spread_only_a_share_counts() -> None:
    window = one_term(0, 0, width=4)
    window[0, :, 0, 0] = [0, 4]  # as above: variances 4, 0, 0, 0
    found = measured(window, floor=0.5, own=0.3)
    expected = [np.sqrt(0.09 * 4 + 0.25), 0.5, 0.5, 0.5]
    assert found.scale.ravel().tolist() == pytest.approx(expected)


def test_a_term_that_never_varies_weighs_nothing() -> None:
    found = measured(one_term(3, 3, width=2))
    assert found.mean.ravel().tolist() == [3, 3]
    assert found.scale.ravel().tolist() == [1, 1]


def test_a_term_that_is_always_0_is_neutral() -> None:
    found = measured(one_term(0, 0, height=3, width=2), floor=0.4, smoothing=1.0)
    assert (found.mean == 0).all()
    assert (found.scale == 1).all()


def test_smoothing_counts_what_differs_between_neighbours_as_spread() -> None:
    window = one_term(0, 0, height=9, width=9)
    window[0, :, :, ::2] = 2.0  # columns 2, 0, 2, …: no spread in time at any place
    found = measured(window, smoothing=1.5)
    assert found.mean[0, 4, 4] == pytest.approx(1, abs=0.05)
    assert found.scale[0, 4, 4] == pytest.approx(1, abs=0.05)


def test_smoothing_keeps_places_far_apart_apart() -> None:
    window = one_term(0, 0, height=3, width=32)
    window[0, 1, :, :4] = 8.0
    found = measured(window, smoothing=1.0)
    assert found.mean[0, 1, 0] == pytest.approx(4, abs=0.01)
    assert found.mean[0, 1, 31] == 0


def test_without_a_window_there_is_nothing_to_say() -> None:
    with pytest.raises(DataError, match="there is no window of normal life"):
        TermStatistics(4).statistics()


def test_terms_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="not a finite number"):
        measured(one_term(1, np.nan))


def test_a_small_spread_on_a_large_mean_is_not_lost() -> None:
    found = measured(one_term(1000, 1001), one_term(1000, 1001))
    assert found.scale.item() == pytest.approx(0.5, rel=1e-4)


@given(
    windows=st.lists(
        shapes.arrays(np.float32, (2, 3, 4, 5), elements=st.floats(0, 1e6, width=32)),
        min_size=1,
        max_size=4,
    )
)
def test_every_scale_is_usable(windows: list[NDArray[np.float32]]) -> None:
    found = measured(*windows, floor=0.4, smoothing=1.0)
    assert np.isfinite(found.mean).all()
    assert np.isfinite(found.scale).all()
    assert (found.scale > 0).all()


@given(
    windows=st.lists(
        shapes.arrays(np.float32, (1, 2, 2, 2), elements=st.floats(0, 100, width=32)),
        min_size=2,
        max_size=5,
    )
)
def test_the_order_of_windows_does_not_matter(windows: list[NDArray[np.float32]]) -> None:
    forward = measured(*windows, floor=0.4)
    backward = measured(*windows[::-1], floor=0.4)
    np.testing.assert_allclose(forward.scale, backward.scale, rtol=1e-4)
