"""SIGHUP to the whole daemon: what changes, and what must not notice."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow, pytest.mark.timeout(900)]
TIMES = 200 if os.environ.get("OCRGAN_FAULTS") == "long" else 12
Play = Callable[..., dict[str, Any]]


def test_cameras_come_go_and_change_while_another_s_event_goes_on(house: Any, play: Play) -> None:
    door = play("door", 30, 0, 30)  # an anomaly that never ends
    yard = play("yard", 5, 0, 0)
    house.settle(door=door, yard=yard)
    house.start()
    began = house.wait_for_event("new", "door")
    house.wait_until(lambda: house.scores("yard"), what="yard is scored")

    house.settle(door=door, yard=yard | {"hop": 17})  # more than a window has
    house.reload()
    house.wait_for_log("stay as they were")
    house.file.write_text(house.file.read_text() + "hopp = 2\n")
    house.reload()
    line = len(house.file.read_text().splitlines())
    house.wait_for_log(f"{house.file}:{line}: [camera.yard] has no key hopp")
    house.goes_on_scoring("yard")

    house.settle(door=door, yard=yard | {"threshold": 7}, shed=play("shed", 5, 0, 0))
    house.reload()
    house.wait_for("yard/threshold/state", lambda state: state == "7")
    house.goes_on_scoring("shed")

    house.settle(door=door, shed=play("shed", 5, 0, 0))
    house.reload()
    house.wait_for_log("yard is offline")
    house.wait_until(lambda: house.told("yard/status")[-1] == "", what="yard's status is cleared")
    assert house.told("yard/anomaly")[-1] == house.told("yard/score")[-1] == ""

    updates = len(house.events("door"))
    house.wait_until(lambda: len(house.events("door")) > updates, what="the event goes on")
    house.stop()
    events = house.events("door")
    assert {event["event_id"] for event in events} == {began["event_id"]}
    assert [event["type"] for event in events][0 :: len(events) - 1] == ["new", "end"]
    assert all(now["before"] == then["after"] for then, now in pairwise(events))
    assert "Traceback" not in house.log


def test_a_change_of_the_node_starts_all_anew_in_the_same_process(house: Any, play: Play) -> None:
    house.settle(door=play("door", 30, 0, 30))
    house.start()
    began = house.wait_for_event("new")
    house.settle(top="threads = 1", door=play("door", 30, 0, 30))
    house.reload()
    end = house.wait_for_event("end")
    assert (end["event_id"], end["after"]["end_reason"]) == (began["event_id"], "changed")
    house.wait_until(lambda: house.events()[-1]["type"] == "new", what="the next node's event")
    seqs = [event["seq"] for event in house.events()]
    assert seqs == list(range(1, len(seqs) + 1))
    assert house.told("available") == ["online", "stopped", "online"]
    assert house.stop() == 0


def test_a_node_that_cannot_be_started_anew_leaves_the_old_one_in_force(
    house: Any, play: Play, tmp_path: Any
) -> None:
    door = play("door", 5, 0, 0)
    house.settle(door=door)
    house.start()
    house.goes_on_scoring()
    (tmp_path / "broken.ocrgan").write_bytes(b"no bundle")
    house.settle(top="threads = 1", door=door | {"bundle": str(tmp_path / "broken.ocrgan")})
    house.reload()
    house.wait_for_log("the old ones are")
    house.goes_on_scoring()
    assert house.stop() == 0


def test_starting_anew_again_and_again_leaves_nothing_behind(house: Any, play: Play) -> None:
    door = play("door", 5, 0, 0)

    def settle(number: int) -> None:
        house.settle(top=f"threads = {1 + number % 2}", door=door)

    def start_anew(times: int) -> tuple[int, int]:
        for _ in range(times):
            stopped = was_told("stopped")
            settle(stopped)
            house.reload()
            house.wait_until(lambda stopped=stopped: was_told("stopped") > stopped, what="a stop")
            house.wait_until(
                lambda stopped=stopped: was_told("online") > stopped + 1, what="a start"
            )
        return house.process.num_fds(), house.process.memory_info().rss

    def was_told(word: str) -> int:
        return int(house.told("available").count(word))

    settle(1)
    house.start()
    house.goes_on_scoring()
    descriptors, memory = start_anew(TIMES // 4)
    descriptors_later, memory_later = start_anew(TIMES)
    print(f"{TIMES} starts: {descriptors_later - descriptors:+} descriptors, ", end="")
    print(f"{(memory_later - memory) / 1e6:+.1f} MB")
    assert descriptors_later <= descriptors + 2
    assert memory_later - memory < 20e6
    assert house.stop() == 0
