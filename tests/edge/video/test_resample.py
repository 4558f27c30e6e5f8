from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.resample import EARLY, Resampler, longest_gap


def numbered(index: int, at: float) -> Frame:
    return Frame(np.zeros((1, 1, 3), np.uint8), index, at)


def shown(resampler: Resampler, times: list[float]) -> list[tuple[int, int, float]]:
    """(tick, which picture, at) of everything that comes out."""
    frames = [numbered(index, at) for index, at in enumerate(times)]
    pictures = {id(frame.image): frame.index for frame in frames}
    out = [tick for frame in frames for tick in resampler.push(frame)]
    return [(tick.index, pictures[id(tick.image)], round(tick.at, 6)) for tick in out]


def every(rate: float, count: int) -> list[float]:
    return [index / rate for index in range(count)]


def test_equal_rates_pass_frames_on_as_they_are() -> None:
    resampler = Resampler(10.0, recorded_rate=10.0)
    frames = [numbered(index, index / 10) for index in range(5)]
    assert [resampler.push(frame) for frame in frames] == [[frame] for frame in frames]


def test_rates_within_one_percent_count_as_equal() -> None:
    resampler = Resampler(30.0, recorded_rate=29.97)
    assert [tick for tick, _, _ in shown(resampler, every(29.97, 2000))] == list(range(2000))


def test_25_per_second_to_10_leaves_out_three_of_five() -> None:
    assert [which for _, which, _ in shown(Resampler(10.0, 25.0), every(25, 13))] == [
        0,
        2,
        5,
        7,
        10,
        12,
    ]


def test_30_per_second_to_10_takes_every_third() -> None:
    assert [which for _, which, _ in shown(Resampler(10.0, 30.0), every(30, 10))] == [0, 3, 6, 9]


def test_5_per_second_to_10_shows_each_picture_twice() -> None:
    assert shown(Resampler(10.0, 5.0), every(5, 3)) == [
        (0, 0, 0.0),
        (1, 0, 0.1),
        (2, 1, 0.2),
        (3, 1, 0.3),
        (4, 2, 0.4),
    ]


def test_a_recording_of_one_picture_in_two_seconds_has_no_gaps() -> None:
    assert len(shown(Resampler(10.0, 0.5), every(0.5, 4))) == 61


def test_a_wandering_camera_clock_gives_one_repeat_in_a_while_and_no_stutter() -> None:
    """9.9 instead of 10 frames/s: one picture in a hundred is shown twice."""
    which = [picture for _, picture, _ in shown(Resampler(10.0), every(9.9, 991))]
    repeats = [a for a, b in zip(which, which[1:], strict=False) if a == b]
    assert len(which) == 1001
    assert len(repeats) == 10
    assert not [1 for a, b in zip(which, which[1:], strict=False) if b - a > 1]


@given(st.lists(st.floats(-0.01, 0.01), min_size=5, max_size=60))
def test_small_jitter_of_a_camera_changes_nothing(jitter: list[float]) -> None:
    times = [index / 10 + (moved if index else 0) for index, moved in enumerate(jitter)]
    assert [(tick, which) for tick, which, _ in shown(Resampler(10.0), times)] == [
        (index, index) for index in range(len(times))
    ]


@given(st.floats(2, 120), st.floats(2, 60))
def test_nothing_drifts_whatever_the_rates(recorded: float, wanted: float) -> None:
    out = shown(Resampler(wanted), every(recorded, 300))
    length = 299 / recorded
    assert [tick for tick, _, _ in out] == list(range(len(out)))
    assert abs(len(out) - 1 - length * wanted) <= 1 + EARLY
    first = {which: tick for tick, which, _ in reversed(out)}
    for which, tick in first.items():
        assert -EARLY - 1e-3 <= which / recorded * wanted - tick <= 1 + 1e-3


@given(st.floats(1, 120), st.floats(1, 60))
def test_a_tick_is_never_dated_before_its_picture_nor_before_the_tick_before(
    recorded: float, wanted: float
) -> None:
    out = shown(Resampler(wanted, recorded), every(recorded, 100))
    times = [at for _, _, at in out]
    assert times == sorted(times)
    assert all(at >= which / recorded - 2e-6 for _, which, at in out)


def test_after_a_gap_a_live_clock_starts_again_instead_of_repeating() -> None:
    out = shown(Resampler(10.0), [0.0, 0.1, 5.1, 5.2])
    assert out == [(0, 0, 0.0), (1, 1, 0.1), (2, 2, 5.1), (3, 3, 5.2)]


def test_an_interruption_shorter_than_the_longest_gap_is_filled() -> None:
    assert [which for _, which, _ in shown(Resampler(10.0), [0.0, 0.4, 0.5])] == [0, 0, 0, 0, 1, 2]


@pytest.mark.parametrize(("rate", "seconds"), [(10.0, 1.0), (2.0, 1.5), (0.5, 6.0)])
def test_longest_gap_is_a_second_or_three_ticks(rate: float, seconds: float) -> None:
    assert longest_gap(rate) == seconds
