"""Which window scores which frame."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ocrgan_training.evaluation.protocol import (
    ClipScores,
    averaged,
    causal,
    frame_scores,
    min_max,
    smoothed,
)

UNKNOWN = -np.inf


def clip(
    end: list[int],
    score: list[float],
    frames: int,
    *,
    rate: float = 10.0,
    clock: float = 10.0,
    per_frame: list[list[float]] | None = None,
) -> ClipScores:
    """Windows of 3 frames, or as many as `per_frame` has, on a clock of 10 frames/s."""
    values = np.array(score, np.float64)
    return ClipScores(
        frames=frames,
        frames_per_second=rate,
        clock=clock,
        end=np.array(end, np.int64),
        at=np.array(end) / clock,
        score=values,
        frame_scores=np.repeat(values[:, None], 3, 1)
        if per_frame is None
        else np.array(per_frame, np.float64).reshape(len(end), -1),
    )


def test_a_frame_has_the_score_of_the_newest_window_that_ended_at_or_before_it() -> None:
    windows = clip(end=[2, 4], score=[7.0, 9.0], frames=7)
    assert causal(windows).tolist() == [UNKNOWN, UNKNOWN, 7, 7, 9, 9, 9]


def test_with_hop_1_every_frame_has_its_own_window() -> None:
    windows = clip(end=[2, 3, 4], score=[1.0, 2, 3], frames=5)
    assert causal(windows).tolist() == [UNKNOWN, UNKNOWN, 1, 2, 3]


def test_a_clip_shorter_than_a_window_has_no_evidence() -> None:
    windows = clip(end=[], score=[], frames=2)
    assert causal(windows).tolist() == [UNKNOWN, UNKNOWN]
    assert averaged(windows).tolist() == [UNKNOWN, UNKNOWN]
    assert frame_scores(windows, "paper-minmax").tolist() == [UNKNOWN, UNKNOWN]


def test_a_recording_twice_as_fast_as_the_model_holds_scores_by_time() -> None:
    # the window ends at 0.2 s, which is frame 4 of a recording at 20 frames/s
    windows = clip(end=[2], score=[5.0], frames=6, rate=20.0)
    assert causal(windows).tolist() == [UNKNOWN] * 4 + [5, 5]


def test_a_window_that_ends_with_the_frame_but_for_rounding_counts() -> None:
    windows = replace(clip(end=[3], score=[5.0], frames=4), at=np.array([0.1 + 0.2]))
    assert windows.at[0] > 0.3
    assert causal(windows)[3] == 5


def test_overlapping_windows_are_averaged() -> None:
    windows = clip(end=[2, 3], score=[0, 0], frames=4, per_frame=[[1, 2, 3], [4, 5, 6]])
    assert averaged(windows).tolist() == [1, 3, 4, 6]


def test_mirrored_frames_before_the_clip_count_for_no_frame() -> None:
    windows = clip(end=[1, 2], score=[0, 0], frames=3, per_frame=[[9, 1, 2], [3, 4, 5]])
    assert averaged(windows).tolist() == [2, 3, 5]


def test_frames_that_no_window_holds_take_the_nearest() -> None:
    windows = clip(end=[2], score=[0], frames=5, per_frame=[[1, 2, 3]])
    assert averaged(windows).tolist() == [1, 2, 3, 3, 3]


def test_averages_of_a_faster_recording_are_taken_by_time() -> None:
    windows = clip(end=[2], score=[0], frames=6, rate=20.0, per_frame=[[1, 2, 3]])
    # frames at 0, 0.05, 0.1 … s are ticks 0, 0.5 (to even: 0), 1, 1.5 (2), 2, 2.5 (2)
    assert averaged(windows).tolist() == [1, 1, 2, 3, 3, 3]


def test_smoothing_reaches_into_the_future_and_keeps_the_sum() -> None:
    scores = np.zeros(41)
    scores[20] = 1.0
    smooth = smoothed(scores, 2.0)
    assert smooth[19] > 0
    assert smooth.sum() == pytest.approx(1)
    assert smooth[20] == pytest.approx(1 / (2 * np.sqrt(2 * np.pi)), rel=0.01)


def test_min_max_spans_0_to_1_within_a_clip() -> None:
    assert min_max(np.array([2.0, 4, 3])).tolist() == [0, 1, 0.5]
    assert min_max(np.array([2.0, 2])).tolist() == [0, 0]


def test_one_score_per_window_is_spread_over_its_frames() -> None:
    windows = clip(end=[2, 3], score=[0, 0], frames=4).with_score(np.array([1.0, 3.0]))
    assert causal(windows)[2:].tolist() == [1, 3]
    assert averaged(windows).tolist() == [1, 2, 2, 3]


def test_the_interval_between_windows_is_the_hop() -> None:
    assert clip(end=[2, 6, 10], score=[0, 0, 0], frames=12).interval == pytest.approx(0.4)


@given(
    scores=st.lists(st.floats(-5, 5), min_size=1, max_size=12),
    hop=st.integers(1, 3),
    later=st.lists(st.floats(-5, 5), min_size=1, max_size=4),
)
def test_what_comes_later_never_changes_a_causal_score(
    scores: list[float], hop: int, later: list[float]
) -> None:
    def windows(values: list[float]) -> NDArray[np.float64]:
        ends = [2 + hop * i for i in range(len(values))]
        return causal(clip(end=ends, score=values, frames=ends[-1] + 1))

    known = windows(scores)
    assert windows(scores + later)[: known.size].tolist() == known.tolist()
