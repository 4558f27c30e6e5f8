from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from tests.conftest import wait_until

from ocrgan_edge.errors import SourceError
from ocrgan_edge.service.feed import Feed
from ocrgan_edge.video.frame import Frame


class Taker:
    """Keeps what it is given, and notes how the source ended."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.ends: list[Exception | None] = []
        self.refuses: Exception | None = None

    def take_frame(self, frame: Frame) -> None:
        if self.refuses:
            raise self.refuses
        self.frames.append(frame)

    def source_ended(self, error: Exception | None) -> None:
        self.ends.append(error)


@pytest.fixture
def taker() -> Taker:
    return Taker()


@pytest.fixture
def start(hose, taker: Taker) -> Iterator[Callable[..., Feed]]:
    feeds: list[Feed] = []

    def make(rate: float = 10.0) -> Feed:
        feeds.append(Feed("door", hose, rate, taker))
        feeds[-1].start()
        return feeds[-1]

    yield make
    for feed in feeds:
        feed.stop()


def test_frames_come_on_the_model_s_clock(hose, taker: Taker, start) -> None:
    start(rate=5.0)
    hose.give(9)
    wait_until(lambda: len(taker.frames) == 5, what="every other frame")
    assert [frame.at for frame in taker.frames] == [0.0, 0.2, 0.4, 0.6, 0.8]


def test_the_end_of_the_source_is_told_once(hose, taker: Taker, start) -> None:
    feed = start()
    hose.close()
    wait_until(lambda: taker.ends, what="the end")
    feed.stop()
    assert taker.ends == [None]


def test_why_the_source_failed_is_told(hose, taker: Taker, start) -> None:
    start()
    failure = SourceError("hose is broken")
    hose.fail(failure)
    wait_until(lambda: taker.ends, what="the end")
    assert taker.ends == [failure]


def test_a_fault_of_the_taker_is_told_as_the_reason(hose, taker: Taker, start, caplog) -> None:
    taker.refuses = ValueError("of ours")
    start()
    hose.give(1)
    wait_until(lambda: taker.ends, what="the end")
    assert taker.ends == [taker.refuses]
    assert "reading hose failed" in caplog.text


def test_stop_ends_a_read_that_waits_and_returns_when_all_is_told(taker: Taker, start) -> None:
    feed = start()
    feed.stop()
    assert taker.ends == [None]
    assert "feed-door" not in [thread.name for thread in threading.enumerate()]


def test_what_fails_because_of_a_stop_is_no_failure(hose, taker: Taker, start) -> None:
    feed = start()
    hose.close = lambda: hose.fail(SourceError("closed while it was read"))
    feed.stop()
    assert taker.ends == [None]


def test_the_taker_is_told_even_if_the_source_cannot_be_closed(
    hose, taker: Taker, start, caplog
) -> None:
    def refuse() -> None:
        raise OSError("stuck")

    start()
    close, hose.close = hose.close, refuse
    close()
    wait_until(lambda: taker.ends, what="the end")
    assert "closing hose failed" in caplog.text
    hose.close = close
