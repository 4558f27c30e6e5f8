from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.alerts.backlog import LIVE_SECONDS, Backlog, Limits, Waiting

KINDS = {"n": "new", "u": "update", "e": "end"}
LONG_AGO, NOW = 0.0, LIVE_SECONDS + 1


def waiting(name: str, since: float = NOW, size: int = 1) -> Waiting:
    """Type by the first letter, event by the rest: `n1` is the `new` of event 1."""
    return Waiting(name[1:], KINDS[name[0]], size, since, "boot", name)  # type: ignore[arg-type]


def backlog_of(*names: str, since: float = NOW, limit: int = 100) -> Backlog:
    backlog = Backlog(Limits(messages=limit))
    for name in names:
        backlog.add(waiting(name, since))
        backlog.shed()
    return backlog


def all_of(backlog: Backlog) -> list[str | None]:
    return [message.text for message in iter(lambda: backlog.take(NOW), None)]


def test_messages_leave_in_the_order_they_came() -> None:
    assert all_of(backlog_of("n1", "u1", "e1")) == ["n1", "u1", "e1"]


def test_live_messages_go_before_a_backlog_but_for_one_turn_in_five() -> None:
    backlog = backlog_of(*(f"n{event}" for event in range(3)), since=LONG_AGO)
    for event in range(10, 18):
        backlog.add(waiting(f"n{event}"))
    assert all_of(backlog) == (
        ["n10", "n11", "n12", "n13", "n0", "n14", "n15", "n16", "n17", "n1", "n2"]
    )


def test_no_message_overtakes_an_earlier_one_of_its_event() -> None:
    backlog = backlog_of("n1", "n2", since=LONG_AGO)
    backlog.add(waiting("e1"))
    backlog.add(waiting("n3"))
    assert all_of(backlog) == ["n3", "n1", "n2", "e1"]


def test_what_an_earlier_start_had_numbered_goes_first() -> None:
    backlog = backlog_of("n3")
    numbered = waiting("n2")
    numbered.seq = 7
    backlog.restore([waiting("n1"), numbered])
    assert all_of(backlog) == ["n2", "n3", "n1"]


def test_what_was_taken_in_vain_comes_first_again() -> None:
    backlog = backlog_of("n1", "u1", since=LONG_AGO)
    taken = backlog.take(NOW)
    assert taken is not None
    backlog.restore([taken])
    assert all_of(backlog) == ["n1", "u1"]


def test_a_full_backlog_loses_the_oldest_update_first() -> None:
    assert all_of(backlog_of("n1", "u1", "u1", "e1", limit=3)) == ["n1", "u1", "e1"]


def test_a_full_backlog_without_updates_loses_the_oldest_message() -> None:
    assert all_of(backlog_of("n1", "e1", "n2", limit=2)) == ["e1", "n2"]


def test_bytes_are_bounded_too() -> None:
    backlog = Backlog(Limits(bytes=100))
    for name in ("n1", "u1", "e1"):
        backlog.add(waiting(name, size=40))
    assert [message.text for message in backlog.shed()] == ["u1"]
    assert backlog.bytes == 80


def test_numbered_messages_are_never_given_up_or_seq_would_have_gaps() -> None:
    backlog = Backlog(Limits(messages=1))
    numbered = [waiting("u1"), waiting("e1")]
    for number, message in enumerate(numbered, 1):
        message.seq = number
    backlog.restore(numbered)
    assert backlog.shed() == []
    assert len(backlog) == 2


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from("nue"), st.integers(0, 3)),
        st.tuples(st.just("take"), st.just(""), st.just(0)),
        st.tuples(st.just("wait"), st.just(""), st.integers(1, 3)),
    ),
    max_size=60,
)


@given(steps, st.integers(1, 8))
def test_every_message_is_sent_or_given_up_once_and_each_event_keeps_its_order(
    steps: list[tuple[str, str, int]], limit: int
) -> None:
    backlog, now = Backlog(Limits(messages=limit)), 0.0
    added, left = 0, []
    for number, (step, kind, value) in enumerate(steps):
        if step == "add":
            message = waiting(f"{kind}{value}", now)
            message.dropped = number
            backlog.add(message)
            added += 1
            given_up = backlog.shed()
            assert len(backlog) <= limit
            assert len(list(backlog)) == len(backlog)
            added -= len(given_up)
        elif step == "wait":
            now += value
        elif (taken := backlog.take(now)) is not None:
            left.append(taken)
    left += list(iter(lambda: backlog.take(now), None))
    assert len(left) == added
    assert (len(backlog), backlog.bytes) == (0, 0)
    for event in range(4):
        numbers = [message.dropped for message in left if message.event_id == str(event)]
        assert all(first < second for first, second in pairwise(numbers))
