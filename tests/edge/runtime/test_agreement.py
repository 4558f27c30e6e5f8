import numpy as np
import pytest

from ocrgan_edge.runtime.agreement import agreement, rank_correlation
from ocrgan_edge.runtime.scorer import WindowScore

NO_TERMS = np.zeros((5, 1, 1, 1), np.float32)


def window_score(score: float, frames: tuple[float, ...] = (0, 1)) -> WindowScore:
    shares = np.full(5, 0.2, np.float32)
    frame_scores = np.array(frames, np.float32)
    return WindowScore(score, frame_scores, frame_scores[:, None, None], shares, 0, NO_TERMS)


def test_rank_correlation_sees_order_alone():
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([1.0, 10, 100])) == pytest.approx(1)
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == pytest.approx(-1)
    # ranks 1 2 3 4 and 1 3 2 4: 1 − 6·(0+1+1+0)/(4·15)
    found = rank_correlation(np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 4]))
    assert found == pytest.approx(0.8)


def test_constant_scores_agree_with_constant_scores_alone():
    same, rising = np.ones(3), np.array([1.0, 2, 3])
    assert rank_correlation(same, same) == 1
    assert rank_correlation(same, rising) == 0


def test_agreement_uses_each_targets_own_threshold():
    reference = [window_score(score) for score in (0.1, 0.4, 0.6, 0.9)]
    found = [window_score(score) for score in (0.2, 0.8, 1.2, 1.8)]
    parity = agreement(reference, found, (0.5, 1.0))
    assert parity["alarm_agreement"] == 1
    assert parity["spearman_windows"] == pytest.approx(1)
    assert parity["largest_difference"] == pytest.approx(0.9)
    assert agreement(reference, found, (0.5, 0.7))["alarm_agreement"] == 0.75


def test_frames_are_ranked_over_all_windows_together():
    reference = [window_score(0, (1, 2)), window_score(1, (3, 4))]
    found = [window_score(0, (3, 4)), window_score(1, (1, 2))]
    assert agreement(reference, found, (0, 0))["spearman_frames"] == pytest.approx(-0.6)
