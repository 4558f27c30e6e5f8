import pytest

from ocrgan_edge.alerts import jobs as jobs_module
from ocrgan_edge.alerts.in_flight import MOST, InFlight, window
from ocrgan_edge.alerts.jobs import Jobs


def test_jobs_are_done_in_the_order_they_came() -> None:
    jobs, done = Jobs(), []
    for number in range(3):
        jobs.put(lambda number=number: done.append(number))
    jobs.do(0)
    assert done == [0, 1, 2]


def test_offers_are_turned_away_where_too_many_jobs_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "MOST", 2)
    jobs, done = Jobs(), []
    for number in range(3):
        jobs.offer(lambda number=number: done.append(number), count=True)
    jobs.offer(lambda: done.append("not counted"))
    jobs.put(lambda: done.append("must"))
    jobs.do(0)
    assert done == [0, 1, "must"]
    assert jobs.turned_away() == 1
    assert jobs.turned_away() == 0


def test_one_event_is_under_way_while_few_wait_and_more_with_a_backlog() -> None:
    assert [window(waiting) for waiting in (0, 19, 20, 100)] == [1, 1, 2, 6]
    assert window(10_000) == MOST


def test_a_broker_that_owes_nothing_is_not_silent() -> None:
    in_flight = InFlight()
    assert in_flight.silence == 0
    in_flight.add(1, "topic")
    assert in_flight.silence >= 0
    assert in_flight.pop(1) == "topic"
    assert in_flight.pop(2) is None
    assert (len(in_flight), in_flight.silence) == (0, 0)
