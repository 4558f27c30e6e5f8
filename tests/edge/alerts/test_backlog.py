from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.alerts.backlog import Backlog, Waiting


def waiting(*payloads: str) -> list[Waiting]:
    kinds = {"n": "new", "u": "update", "e": "end"}
    return [Waiting("t", payload, kinds[payload[0]]) for payload in payloads]  # type: ignore[arg-type]


def all_of(backlog: Backlog) -> list[str]:
    return [message.payload for message in iter(backlog.take, None)]


def test_messages_leave_in_the_order_they_came() -> None:
    backlog = Backlog(3)
    for message in waiting("n1", "u1", "e1"):
        backlog.add(message)
    assert all_of(backlog) == ["n1", "u1", "e1"]
    assert backlog.dropped == 0


def test_a_full_backlog_loses_the_oldest_update_first() -> None:
    backlog = Backlog(3)
    for message in waiting("n1", "u1", "u2", "e1"):
        backlog.add(message)
    assert all_of(backlog) == ["n1", "u2", "e1"]
    assert backlog.dropped == 1


def test_a_full_backlog_without_updates_loses_the_oldest_message() -> None:
    backlog = Backlog(2)
    for message in waiting("n1", "e1", "n2"):
        backlog.add(message)
    assert all_of(backlog) == ["e1", "n2"]


@given(st.lists(st.sampled_from("nue")), st.integers(1, 5))
def test_every_message_is_kept_or_counted_and_no_order_changes(
    kinds: list[str], limit: int
) -> None:
    backlog = Backlog(limit)
    for number, message in enumerate(waiting(*kinds)):
        backlog.add(Waiting("t", str(number), message.type))
        assert len(backlog) <= limit
    kept = [int(payload) for payload in all_of(backlog)]
    assert kept == sorted(kept)
    assert len(kept) + backlog.dropped == len(kinds)
