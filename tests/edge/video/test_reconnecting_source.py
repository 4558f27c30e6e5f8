from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from ocrgan_edge.errors import SettingsError, SourceError
from ocrgan_edge.video import reconnecting_source
from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.reconnecting_source import ReconnectingSource
from ocrgan_edge.video.source import Source

IMAGE = np.zeros((2, 2, 3), np.uint8)


class Connection:
    """Gives frames with these times, then breaks off."""

    live, length, name, frames_per_second = True, None, "door", 12.5

    def __init__(self, times: Iterable[float], lost: int = 0) -> None:
        self._frames = [Frame(IMAGE, index, at) for index, at in enumerate(times)]
        self.lost = lost
        self.closed = False

    def read(self) -> Frame | None:
        if not self._frames:
            raise SourceError("door broke off")
        return self._frames.pop(0)

    def close(self) -> None:
        self.closed = True


class Diary:
    def __init__(self) -> None:
        self.told: list[object] = []
        self.tries = 0

    def connected(self) -> None:
        self.told.append("connected")

    def lost(self, reason: str) -> None:
        self.told.append(reason)

    def tried(self) -> None:
        self.tries += 1

    def dropped(self, frames: int) -> None:
        self.told.append(frames)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnecting_source, "FIRST_WAIT", 0.02)
    monkeypatch.setattr(reconnecting_source, "JITTER", 0.01)


def opener(*connections: Connection | Exception) -> Callable[[], Connection]:
    """Gives one after the other."""
    rest = list(connections)

    def open_again() -> Connection:
        following = rest.pop(0)
        if isinstance(following, Exception):
            raise following
        return following

    return open_again


def read(source: Source) -> Frame:
    frame = source.read()
    assert frame is not None
    return frame


def test_frames_are_numbered_and_timed_on_one_axis_through_all_connections() -> None:
    first, second = Connection([0.0, 0.01]), Connection([0.0, 0.1])
    source = ReconnectingSource("door", opener(first, second))
    started = time.monotonic()
    frames = [read(source) for _ in range(4)]
    gone_by = time.monotonic() - started
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [frame.at for frame in frames[:2]] == [0.0, 0.01]
    assert frames[2].at == pytest.approx(gone_by, abs=0.05)
    assert frames[3].at == pytest.approx(frames[2].at + 0.1)


def test_time_never_goes_back() -> None:
    # the first connection's clock runs ahead of ours
    source = ReconnectingSource("door", opener(Connection([0.0, 9.0]), Connection([0.0])))
    assert [read(source).at for _ in range(3)] == [0.0, 9.0, 9.0]


def test_the_watcher_is_told_once_of_each_loss_and_each_return() -> None:
    diary = Diary()
    refused = SourceError("nothing listens")
    connections = opener(Connection([0.0]), refused, refused, Connection([0.0]))
    source = ReconnectingSource("door", connections, diary)
    read(source)
    read(source)
    assert diary.told == ["connected", "door broke off", "connected"]


def test_the_watcher_is_told_of_every_attempt_in_vain() -> None:
    diary = Diary()
    refused = SourceError("nothing listens")
    source = ReconnectingSource("door", opener(refused, refused, Connection([0.0])), diary)
    read(source)
    assert diary.tries == 2


def test_a_camera_that_is_missing_at_first_is_a_loss() -> None:
    diary = Diary()
    source = ReconnectingSource("door", opener(SourceError("nobody"), Connection([0.0])), diary)
    read(source)
    assert diary.told == ["nobody", "connected"]


def test_lost_frames_are_told_as_they_come_and_counted_anew_in_each_connection() -> None:
    diary = Diary()
    first, second = Connection([0.0, 0.1, 0.2], lost=2), Connection([0.0], lost=3)
    source = ReconnectingSource("door", opener(first, second), diary)
    read(source)
    read(source)
    first.lost = 7
    read(source)
    read(source)
    assert diary.told == ["connected", 2, 5, "door broke off", "connected", 3]


def test_a_lost_connection_is_closed() -> None:
    first, second = Connection([0.0]), Connection([0.0])
    source = ReconnectingSource("door", opener(second), first=first)
    read(source)
    read(source)
    assert first.closed
    assert not second.closed
    source.close()
    assert second.closed


def test_the_rate_is_that_of_the_connection() -> None:
    source = ReconnectingSource("door", opener(Connection([0.0])))
    read(source)
    assert source.frames_per_second == 12.5


def test_what_trying_again_cannot_mend_is_raised() -> None:
    source = ReconnectingSource("door", opener(SettingsError("no such kind of stream")))
    with pytest.raises(SettingsError, match="no such kind of stream"):
        source.read()


def test_attempts_come_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnecting_source, "FIRST_WAIT", 0.1)
    monkeypatch.setattr(reconnecting_source, "LONGEST_WAIT", 0.3)
    monkeypatch.setattr(reconnecting_source, "JITTER", 0.05)
    attempts: list[float] = []

    def open_again() -> Connection:
        attempts.append(time.monotonic())
        raise SourceError("nobody")

    source = ReconnectingSource("door", open_again)
    threading.Timer(1.1, source.close).start()
    assert source.read() is None
    first, second, third, fourth = np.diff(attempts[:5])
    assert 0.1 <= first < 0.2
    assert 0.2 <= second < 0.3
    assert 0.25 <= third < 0.35
    assert 0.25 <= fourth < 0.35


def test_close_ends_the_pause_between_attempts_at_once() -> None:
    def open_again() -> Connection:
        raise SourceError("nobody")

    source = ReconnectingSource("door", open_again)
    closed: list[float] = []

    def close() -> None:
        closed.append(time.monotonic())
        source.close()

    threading.Timer(0.25, close).start()
    assert source.read() is None
    assert time.monotonic() - closed[0] < 0.1


def test_after_close_nothing_is_opened() -> None:
    source = ReconnectingSource("door", opener())
    source.close()
    assert source.read() is None


def test_it_is_a_source() -> None:
    assert isinstance(ReconnectingSource("door", opener()), Source)
