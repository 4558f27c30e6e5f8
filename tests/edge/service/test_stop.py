import os
import signal
import threading
import time

import pytest

from ocrgan_edge.errors import BrokerError
from ocrgan_edge.service.stop import Inbox, Stop


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


def test_hanging_up_does_not_stop_but_calls() -> None:
    called = []
    stop = Stop()
    with stop.on_signals(lambda: called.append("reload")):
        os.kill(os.getpid(), signal.SIGHUP)
    assert called == ["reload"]
    assert not stop.asked


def test_jobs_are_done_in_order_by_who_works() -> None:
    inbox, done = Inbox(), []
    inbox.put(lambda: done.append(1))
    inbox.put(lambda: done.append(2))
    inbox.work(10)
    inbox.work(10)
    assert done == [1, 2]


def test_who_waits_for_work_is_woken_by_a_stop() -> None:
    inbox = Inbox()
    stop = Stop(inbox.wake)
    threading.Timer(0.05, stop.ask).start()
    began = time.monotonic()
    inbox.work(30)
    assert time.monotonic() - began < 10


def test_nothing_to_do_is_no_failure() -> None:
    Inbox().work(0)
