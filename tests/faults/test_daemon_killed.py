"""The broker goes, the daemon goes: what was an alert is told."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow, pytest.mark.timeout(900)]
KILLS = 30 if os.environ.get("OCRGAN_FAULTS") == "long" else 2
Play = Callable[..., dict[str, Any]]


def test_an_event_whose_daemon_was_killed_ends_as_interrupted_at_the_next_start(
    house: Any, play: Play
) -> None:
    house.settle(door=play("door", 60, 0, 60) | {"update_interval": 0.5})
    house.start()
    began = house.wait_for_event("new")
    house.wait_for_event("update")
    house.kill()
    house.listener.wait_for("attic/available", "offline")
    house.start()
    end = house.wait_for_event("end")
    assert (end["event_id"], end["after"]["end_reason"]) == (began["event_id"], "interrupted")
    assert end["after"]["duration"] >= 0.5
    events = [event for event in house.events() if event["event_id"] == began["event_id"]]
    assert [event["type"] for event in events] == ["new", *["update"] * (len(events) - 2), "end"]
    house.wait_until(lambda: house.events()[-1]["type"] == "new", what="the anomaly that goes on")
    assert house.events()[-1]["boot_id"] != began["boot_id"]


def test_killed_again_and_again_it_loses_nothing_that_it_had_told(house: Any, play: Play) -> None:
    cameras = {name: play(name, 3, 0.5, 1.5) | {"cool_down": 0.3} for name in ("door", "yard")}
    house.settle(**{name: keys | {"update_interval": 0.3} for name, keys in cameras.items()})
    for _ in range(KILLS):
        heard = len(house.events())
        house.start()
        house.wait_until(lambda heard=heard: len(house.events()) > heard + 2, what="events")
        time.sleep(random.uniform(0, 1.5))
        house.kill()
    house.start()
    house.goes_on_scoring()
    house.stop()
    events = house.events()
    copies = Counter(event["seq"] for event in events)
    assert sorted(copies) == list(range(1, max(copies) + 1)), "gaps in seq"
    assert copies.total() - len(copies) <= KILLS
    lives: dict[str, dict[int, Any]] = {}
    for event in events:
        lives.setdefault(event["event_id"], {})[event["seq"]] = event
    for life in lives.values():
        steps = [life[seq] for seq in sorted(life)]
        assert (steps[0]["type"], steps[-1]["type"]) == ("new", "end")
        assert all(now["before"] == then["after"] for then, now in pairwise(steps))
    reasons = Counter(event["after"]["end_reason"] for event in events if event["type"] == "end")
    print(f"{KILLS} kills, {len(lives)} events, {dict(reasons)}, {copies.total()} messages")


def test_scoring_does_not_notice_a_broker_that_is_killed(
    house: Any, play: Play, listen: Callable[[int], Any], tmp_path: Any
) -> None:
    scores = tmp_path / "scores.jsonl"
    house.settle(door=play("door", 4, 1, 2.5) | {"cool_down": 0.5})
    house.broker.stop()
    house.start(options=("--scores", str(scores)))
    house.wait_for_log("cannot be reached")
    house.broker.start()
    early = listen(house.broker.port)
    early.wait_for("attic/door/events", '"end"')
    house.kill_broker()
    time.sleep(3)
    house.broker.start()
    late = listen(house.broker.port)
    late.wait_for("attic/door/events", '"end"')
    assert house.stop() == 0
    ends = [int(line.split('"end":')[1].split(",")[0]) for line in scores.read_text().splitlines()]
    assert {now - then for then, now in pairwise(ends[1:])} == {4}, "no window was left out"
    assert house.said("cannot be reached") == 1
    assert house.said(" lost (") == 1
