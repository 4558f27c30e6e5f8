from __future__ import annotations

import threading
import time

import pytest

from ocrgan_edge.video.inbox import KEPT, Inbox


def taken(inbox: Inbox[str]) -> list[int]:
    return [arrival.index for arrival in iter(lambda: inbox.take(0.0), None)]


def test_what_comes_is_given_in_order_with_its_number_and_time() -> None:
    inbox: Inbox[str] = Inbox()
    inbox.put("a", 7.0)
    inbox.put("b", 7.5)
    first, second = inbox.take(0.0), inbox.take(0.0)
    assert first
    assert second
    assert (first.item, first.index, first.at) == ("a", 0, 7.0)
    assert (second.item, second.index, second.at) == ("b", 1, 7.5)
    assert inbox.take(0.0) is None


def test_the_newest_wins_and_the_rest_is_counted() -> None:
    inbox: Inbox[str] = Inbox()
    inbox.take(0.0)
    for number in range(10):
        inbox.put("x", float(number))
    assert taken(inbox) == [10 - KEPT, 11 - KEPT, 12 - KEPT, 13 - KEPT]
    assert inbox.lost == 10 - KEPT


def test_a_rush_before_anybody_takes_is_nobodys_loss() -> None:
    inbox: Inbox[str] = Inbox()
    for number in range(10):
        inbox.put("x", float(number))
    assert inbox.lost == 0


def test_damage_is_counted_and_takes_a_number() -> None:
    inbox: Inbox[str] = Inbox()
    for item in ("a", None, "b"):
        inbox.put(item, 0.0)
    assert taken(inbox) == [0, 2]
    assert inbox.lost == 1


@pytest.mark.parametrize(
    ("most", "kept"),
    [
        (5.0, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]),
        # seven in every second, as even as it goes
        (7.0, [0, 2, 3, 4, 6, 7, 9, 10, 12, 13, 14, 16, 17, 19]),
        (20.0, list(range(20))),
    ],
)
def test_a_bounded_rate_is_kept_evenly(most: float, kept: list[int]) -> None:
    inbox: Inbox[str] = Inbox(most)
    seen = []
    for number in range(20):
        inbox.put("x", number / 10)
        seen += taken(inbox)
    assert seen == kept
    assert inbox.lost == 0


def test_a_pause_gives_no_right_to_a_rush() -> None:
    inbox: Inbox[str] = Inbox(10.0)
    for at in (0.0, 60.0, 60.01, 60.02, 60.03):
        inbox.put("x", at)
    assert taken(inbox) == [0, 1]


def test_taking_waits_for_something_to_come() -> None:
    inbox: Inbox[str] = Inbox()
    threading.Timer(0.1, inbox.put, ("x", 0.0)).start()
    started = time.monotonic()
    assert inbox.take(5.0) is not None
    assert 0.05 < time.monotonic() - started < 1.0
