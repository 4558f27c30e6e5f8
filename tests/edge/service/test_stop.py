import os
import signal

import numpy as np
import pytest

from ocrgan_edge.clock import MediaClock
from ocrgan_edge.errors import BrokerError
from ocrgan_edge.service.stop import Stop, StoppableSource
from ocrgan_edge.video.frame import Frame


class Frames:
    """Endless frames, ten a second, the first one 3 s after the source was opened."""

    name, frames_per_second, live, length = "frames", 10.0, False, None

    def __init__(self) -> None:
        self.given = 0

    def read(self) -> Frame | None:
        self.given += 1
        return Frame(np.zeros((1, 1, 3), np.uint8), self.given - 1, 3 + (self.given - 1) / 10)

    def close(self) -> None: ...


def noon() -> MediaClock:
    return MediaClock(keeps_pace=False, now=lambda: 1000.0, synced=lambda: True)


def test_a_source_ends_when_a_stop_is_asked_for() -> None:
    stop = Stop()
    source = StoppableSource(Frames(), stop, noon())
    assert source.read() is not None
    stop.ask()
    assert source.read() is None


def test_the_first_frame_starts_the_clock() -> None:
    clock = noon()
    source = StoppableSource(Frames(), Stop(), clock)
    source.read()
    source.read()
    assert clock.wall(3.0).timestamp() == 1000.0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_signals_ask_for_a_clean_stop(number: int, code: int) -> None:
    stop = Stop()
    with stop.on_signals():
        os.kill(os.getpid(), number)
    assert stop.asked
    assert stop.exit_code == code


def test_signals_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Stop().on_signals():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_part_that_cannot_go_on_says_why() -> None:
    stop = Stop()
    error = BrokerError("refused")
    stop.fail(error)
    assert stop.asked
    assert stop.error is error
