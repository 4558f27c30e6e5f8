"""Windows of 4 frames of 2x2; frame n has the value n everywhere."""

from __future__ import annotations

import threading

import numpy as np

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.service.handover import Handover
from ocrgan_edge.video.frame import Frame

SPEC = InputSpec(frames=4, height=2, width=2, frames_per_second=10)


def frame(number: int, at: float | None = None) -> Frame:
    return Frame(np.full((2, 2, 3), number, np.uint8), number, number / 10 if at is None else at)


def buffer() -> np.ndarray:
    return np.zeros((4, 2, 2, 3), np.uint8)


def test_a_window_is_due_every_hop_frames() -> None:
    handover = Handover(SPEC, hop=2)
    # The fourth frame fills the window; before it, hops are counted back from there.
    assert [handover.put(frame(n)) for n in range(8)] == [n % 2 == 1 for n in range(8)]


def test_the_window_taken_ends_with_the_newest_frame_even_if_none_was_due_with_it() -> None:
    handover = Handover(SPEC, hop=4)
    for n in range(6):
        handover.put(frame(n))
    out = buffer()
    window = handover.take(out).window
    assert (window.end, window.at) == (5, 0.5)
    assert out[:, 0, 0, 0].tolist() == [2, 3, 4, 5]
    assert window.frames is out


def test_a_taken_window_stays_as_it_is_while_frames_go_on_coming() -> None:
    handover = Handover(SPEC, hop=1)
    for n in range(4):
        handover.put(frame(n))
    out = buffer()
    handover.take(out)
    for n in range(4, 20):
        handover.put(frame(n))
    assert out[:, 0, 0, 0].tolist() == [0, 1, 2, 3]


def test_nothing_is_taken_when_a_gap_has_emptied_the_ring() -> None:
    handover = Handover(SPEC, hop=1)
    for n in range(4):
        handover.put(frame(n))
    handover.put(frame(4, at=60.0))
    assert handover.take(buffer()) is None


def test_the_hop_is_counted_from_window_to_window_as_they_were_taken() -> None:
    handover = Handover(SPEC, hop=1)
    hops = []
    for n in range(9):
        handover.put(frame(n))
        if n in (1, 2, 5, 8):  # a busy worker comes later than every frame
            hops.append(handover.take(buffer()).hop)
    assert hops == [None, 1, 3, 3]


def test_no_hop_reaches_across_a_gap() -> None:
    handover = Handover(SPEC, hop=1)
    for n in range(6):
        handover.put(frame(n))
    handover.take(buffer())
    handover.put(frame(6, at=60.0))
    handover.put(frame(7, at=60.1))
    assert handover.take(buffer()).hop is None
    handover.put(frame(8, at=60.2))
    assert handover.take(buffer()).hop == 1


def test_who_must_not_lose_a_window_can_wait_until_it_has_been_taken() -> None:
    handover = Handover(SPEC, hop=1)
    for n in range(4):
        handover.put(frame(n))
    assert not handover.wait_until_taken(0.01)
    threading.Timer(0.02, handover.take, [buffer()]).start()
    assert handover.wait_until_taken(10)
