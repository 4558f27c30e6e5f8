import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocrgan_edge.alerts.backlog import Limits
from ocrgan_edge.alerts.event import Event
from ocrgan_edge.alerts.outbox import Outbox, Outgoing

Make = Callable[..., Event]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


@pytest.fixture
def start(path: Path) -> Iterator[Callable[..., Outbox]]:
    """Gives an opened outbox; closes the one before like a process that was killed."""
    started: list[Outbox] = []

    def kill() -> None:
        for outbox in started:
            outbox._disk.close()
        started.clear()

    def begin(limit: int = 100, file: Path | None = path) -> Outbox:
        kill()
        started.append(Outbox(file, "attic", Limits(messages=limit)))
        started[-1].open()
        return started[-1]

    yield begin
    kill()


def hand_over(outbox: Outbox) -> list[Outgoing]:
    outgoing = list(iter(outbox.take, None))
    outbox.commit()
    return [message for message in outgoing if message is not None]


def told(outgoing: list[Outgoing], *names: str) -> list[object]:
    payloads = [json.loads(message.payload) for message in outgoing]
    return [tuple(p[n] for n in names) if len(names) > 1 else p[names[0]] for p in payloads]


def test_what_was_committed_is_there_after_a_kill(start, make_event: Make) -> None:
    outbox = start()
    outbox.add(make_event("new"))
    outbox.add(make_event("end"))
    outbox.commit()
    assert told(hand_over(start()), "type", "seq") == [("new", 1), ("end", 2)]


def test_what_was_handed_over_and_not_acknowledged_comes_again_as_it_was(
    start, make_event: Make
) -> None:
    first = start()
    first.add(make_event("new"))
    first.add(make_event("end"))
    before = hand_over(first)
    again = hand_over(start())
    assert [message.payload for message in again] == [message.payload for message in before]


def test_what_was_acknowledged_never_comes_again(start, make_event: Make) -> None:
    outbox = start()
    outbox.add(make_event("new"))
    outbox.add(make_event("end"))
    outbox.acknowledge(hand_over(outbox)[0].waiting)
    outbox.commit()
    assert told(hand_over(start()), "type") == ["end"]


def test_numbers_go_on_from_start_to_start(start, make_event: Make) -> None:
    numbers = []
    for event_id in ("e1", "e2", "e3"):
        outbox = start()
        outbox.add(make_event("end", event_id))
        for message in hand_over(outbox):
            numbers.append(json.loads(message.payload)["seq"])
            outbox.acknowledge(message.waiting)
        outbox.close()
    assert numbers == [1, 2, 3]


def test_each_start_has_its_boot_id_and_messages_keep_theirs(start, make_event: Make) -> None:
    first = start()
    first.add(make_event("end", "e1"))
    first.commit()
    second = start()
    second.add(make_event("end", "e2"))
    by_event = dict(told(hand_over(second), "event_id", "boot_id"))
    assert by_event == {"e1": first.boot_id, "e2": second.boot_id}
    assert first.boot_id != second.boot_id


def test_what_was_dropped_is_told_in_the_next_message_and_leaves_no_gap(
    start, make_event: Make
) -> None:
    outbox = start(limit=2)
    for kind in ("new", "update", "update", "end"):
        outbox.add(make_event(kind))
    assert told(hand_over(outbox), "type", "seq", "dropped") == [("new", 1, 2), ("end", 2, 2)]


def test_drops_are_counted_over_all_starts(start, make_event: Make) -> None:
    for _ in range(2):
        outbox = start(limit=1)
        outbox.add(make_event("end", "e1"))
        outbox.add(make_event("end", "e2"))
        outbox.close()
    assert start().stats.dropped == 3  # the second start found one message waiting


def test_an_event_that_was_open_at_a_kill_is_ended_by_the_next_start(
    start, make_event: Make
) -> None:
    outbox = start()
    outbox.add(make_event("new", "open"))
    outbox.add(make_event("new", "over"))
    outbox.add(make_event("end", "over"))
    outbox.commit()
    outgoing = hand_over(start())
    assert told(outgoing, "event_id", "type") == [
        ("open", "new"), ("over", "new"), ("over", "end"), ("open", "end"),
    ]  # fmt: skip
    end = json.loads(outgoing[-1].payload)
    assert end["before"] == json.loads(outgoing[0].payload)["after"]
    assert end["after"]["end_reason"] == "interrupted"
    assert (end["after"]["media_end"], end["after"]["duration"]) == (13.3, 0.8)
    assert end["after"]["end"] == "2026-01-02T03:04:05.800000Z"


def test_an_interrupted_event_is_ended_once(start, make_event: Make) -> None:
    outbox = start()
    outbox.add(make_event("new"))
    outbox.commit()
    start()
    assert told(hand_over(start()), "type") == ["new", "end"]


def test_a_refused_message_comes_again_first_with_its_number(start, make_event: Make) -> None:
    outbox = start()
    outbox.add(make_event("new"))
    outbox.add(make_event("end"))
    first, second = hand_over(outbox)
    outbox.acknowledge(second.waiting)
    outbox.put_back(first.waiting)
    assert hand_over(outbox)[0].payload == first.payload


def test_without_a_file_everything_is_in_memory_and_works_alike(
    start, make_event: Make, tmp_path: Path
) -> None:
    outbox = start(file=None)
    outbox.add(make_event("new"))
    outgoing = hand_over(outbox)
    assert told(outgoing, "seq") == [1]
    outbox.acknowledge(outgoing[0].waiting)
    outbox.commit()
    assert outbox.stats.depth == 0
    assert list(tmp_path.iterdir()) == []


def test_stats_count_what_waits_and_what_is_under_way(start, make_event: Make) -> None:
    outbox = start()
    outbox.add(make_event("new"))
    outbox.add(make_event("end"))
    outbox.take()
    outbox.commit()
    assert (outbox.stats.depth, outbox.stats.failed_writes) == (2, 0)
    assert outbox.stats.bytes == sum(
        len(make_event(kind).model_dump_json(by_alias=True)) for kind in ("new", "end")
    )


# --- damage -------------------------------------------------------------------------------------


def aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob("outbox.sqlite.corrupt-*"))


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"\0" * 5000])
def test_what_is_no_database_is_set_aside_and_kept(
    start, path: Path, make_event: Make, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    path.write_bytes(content)
    outbox = start()
    outbox.add(make_event("new"))
    assert told(hand_over(outbox), "seq") == [1]
    assert [file.read_bytes() for file in aside(path)] == [content]
    assert outbox.stats.set_aside == 1
    (said,) = caplog.messages
    assert f"outbox {path} is damaged" in said
    assert aside(path)[0].name in said


def test_somebody_elses_database_is_set_aside(start, path: Path) -> None:
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE photographs (name)")
    theirs.close()
    assert start().stats.set_aside == 1
    assert len(aside(path)) == 1


def test_numbers_and_readable_messages_outlive_a_damage(
    start, path: Path, make_event: Make
) -> None:
    outbox = start()
    for number in range(300):
        outbox.add(make_event("end", f"e{number}"))
    for _ in range(50):
        outbox.take()
    outbox.commit()
    outbox.close()
    content = bytearray(path.read_bytes())
    content[-8000:] = bytes(8000)
    path.write_bytes(content)
    outbox = start()
    assert outbox.stats.set_aside == 1
    numbers = told(hand_over(outbox), "seq")
    assert numbers == list(range(1, len(numbers) + 1))
    assert 50 < len(numbers) < 300


def test_a_damaged_name_that_is_no_text_is_a_damage(start, path: Path, make_event: Make) -> None:
    start().close()
    content = path.read_bytes()
    assert b"TABLE messages" in content
    path.write_bytes(content.replace(b"TABLE messages", b"\xd4ABLE messages"))
    outbox = start()
    outbox.add(make_event("new", "after"))
    assert told(hand_over(outbox), "event_id") == ["after"]
    assert outbox.stats.set_aside == 1


def test_damage_found_while_running_loses_only_what_cannot_be_read(
    start, path: Path, make_event: Make
) -> None:
    outbox = start()
    for number in range(300):
        outbox.add(make_event("end", f"e{number}"))
    outbox.commit()
    outbox._disk.open()._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(40_000)
        file.write(bytes(40_000))
    outbox._disk.open()._db.execute("PRAGMA shrink_memory")
    outgoing = hand_over(outbox)
    outgoing += hand_over(outbox)
    outbox.commit()
    assert outbox.stats.set_aside == 1
    assert told(outgoing, "seq") == list(range(1, len(outgoing) + 1))
    assert len(outgoing) + outbox.stats.dropped == 300
    assert outbox.stats.dropped > 0


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    flips=st.lists(st.tuples(st.floats(0, 0.999), st.integers(1, 255)), max_size=20),
    length=st.floats(0, 1),
    cut=st.booleans(),
)
def test_no_damage_makes_it_raise_or_stop_working(
    start, path: Path, make_event: Make, flips: list[tuple[float, int]], length: float, cut: bool
) -> None:
    for file in path.parent.glob("outbox.sqlite*"):
        file.unlink()
    outbox = start()
    for number in range(20):
        outbox.add(make_event("new", f"e{number}"))
    hand_over(outbox)
    outbox.close()
    content = bytearray(path.read_bytes())
    for place, flip in flips:
        content[int(place * len(content))] ^= flip
    path.write_bytes(content[: int(length * len(content))] if cut else content)
    outbox = start()
    outbox.add(make_event("end", "after"))
    said = told(hand_over(outbox), "event_id")
    said += told(hand_over(outbox), "event_id")
    assert "after" in said
    outbox.close()
