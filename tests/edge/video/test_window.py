from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.video.window import Window, WindowRing


def filled(value: int) -> np.ndarray:
    return np.full((2, 3, 3), value % 251, np.uint8)


def shown(window: Window | None) -> list[int]:
    assert window is not None
    values: list[int] = window.frames[:, 0, 0, 0].tolist()
    return values


def test_frame_t_fills_the_window() -> None:
    ring = WindowRing((4, 2, 3), hop=4)
    assert [ring.push(filled(i), i / 10) for i in range(3)] == [None] * 3
    window = ring.push(filled(3), 0.3)
    assert window is not None
    assert (window.end, window.at) == (3, 0.3)
    assert shown(window) == [0, 1, 2, 3]


def test_before_the_first_frame_its_future_is_played_backwards() -> None:
    ring = WindowRing((6, 2, 3), hop=1)
    assert ring.push(filled(10), 0.0) is None
    assert shown(ring.push(filled(11), 0.1)) == [10, 11, 10, 11, 10, 11]
    assert shown(ring.push(filled(12), 0.2)) == [11, 12, 11, 10, 11, 12]
    assert shown(ring.push(filled(13), 0.3)) == [12, 11, 10, 11, 12, 13]
    assert shown(ring.push(filled(14), 0.4)) == [11, 10, 11, 12, 13, 14]
    assert shown(ring.push(filled(15), 0.5)) == [10, 11, 12, 13, 14, 15]


def test_windows_come_every_hop_frames() -> None:
    ring = WindowRing((8, 2, 3), hop=3)
    ends = [window.end for i in range(14) if (window := ring.push(filled(i), i / 10))]
    assert ends == [1, 4, 7, 10, 13]


@given(st.integers(1, 9), st.integers(0, 60), st.data())
def test_a_window_holds_the_newest_frames_oldest_first(
    length: int, count: int, data: st.DataObject
) -> None:
    ring = WindowRing((length, 2, 3), hop=data.draw(st.integers(1, length)))
    for i in range(count):
        window = ring.push(filled(i), i / 10)
        if window is not None and i + 1 >= length:
            assert window.frames[:, 0, 0, 0].tolist() == list(range(i - length + 1, i + 1))


def test_a_window_is_a_view_in_one_piece_of_memory() -> None:
    ring = WindowRing((4, 2, 3), hop=1)
    windows = [ring.push(filled(i), i / 10) for i in range(9)][3:]
    assert all(w.frames.base is not None and w.frames.flags.c_contiguous for w in windows if w)


def test_a_frame_written_into_the_slot_is_a_frame_pushed() -> None:
    ring = WindowRing((2, 2, 3), hop=1)
    ring.slot[:] = 7
    ring.commit(0.0)
    ring.slot[:] = 8
    window = ring.commit(0.1)
    assert window is not None
    assert window.frames[:, 1, 2, 2].tolist() == [7, 8]


def test_window_never_reaches_across_a_gap() -> None:
    ring = WindowRing((3, 2, 3), hop=1, gap=1.0)
    times = [0.0, 0.1, 0.2, 1.3, 1.4, 1.5, 1.6]
    windows = [ring.push(filled(i), at) for i, at in enumerate(times)]
    assert [window.end for window in windows if window] == [1, 2, 4, 5, 6]
    assert shown(windows[4]) == [4, 3, 4]  # nothing of frame 2, before the gap


def test_positions_go_on_counting_after_a_clear() -> None:
    ring = WindowRing((2, 2, 3), hop=1)
    ring.push(filled(0), 0.0)
    ring.clear()
    assert ring.push(filled(1), 0.1) is None
    window = ring.push(filled(2), 0.2)
    assert window is not None
    assert window.end == 2
    assert window.frames[:, 0, 0, 0].tolist() == [1, 2]


@pytest.mark.parametrize("hop", [0, 5])
def test_a_hop_outside_the_window_is_refused(hop: int) -> None:
    with pytest.raises(ValueError, match=f"hop is {hop}, but must be between 1 and .* 4 frames"):
        WindowRing((4, 2, 3), hop)
