"""The wall clock is stepped under the whole daemon: it goes on, and tells the new time."""

from __future__ import annotations

import json
import os
import runpy
import time
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow, pytest.mark.timeout(900)]
LONG = os.environ.get("OCRGAN_FAULTS") == "long"
HOUR = 3600
OFFSETS = [HOUR, -HOUR, 100 - int(time.time()), 0]
"""Seconds from true time: an hour later and earlier, the clock of a board without a battery."""
SteppedClock: Any = runpy.run_path(str(Path(__file__).with_name("test_clock.py")))["SteppedClock"]


def test_steps_of_the_clock_disturb_neither_scoring_nor_events(
    house: Any, play: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    clock = SteppedClock(tmp_path)
    room = play("door", 2, 0.5, 1.1) | {"minimum_duration": 0.3, "cool_down": 0.3, "hop": 2}
    house.settle(door=room | {"score_interval": 0.2})
    house.start(environment=clock.environment | {"WATCHDOG_USEC": "3000000"})
    house.wait_for_event("end")
    for offset in OFFSETS * (10 if LONG else 1):
        clock.step(offset)
        now = time.time() + offset
        house.wait_for("door/score", lambda score, now=now: abs(seconds(score["time"]) - now) < 15)
        house.goes_on_scoring()
        ended = len(ends(house))
        house.wait_until(lambda ended=ended: len(ends(house)) > ended, what="an event")
    assert house.stop() == 0
    assert not house.said(" hangs: ")
    assert {type(event["after"]["clock_synced"]) for event in house.events()} == {bool}
    for event in house.events():
        state = event["after"]
        assert 0 <= state["duration"] < 10
        if event["type"] == "end":
            length = seconds(state["end"]) - seconds(state["start"])
            assert length == pytest.approx(state["duration"], abs=0.01)
    media = [json.loads(text)["media_time"] for text in house.told("door/score")]
    assert all(0 < later - earlier < 3 for earlier, later in pairwise(media))


def ends(house: Any) -> list[dict[str, Any]]:
    return [event for event in house.events() if event["type"] == "end"]


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
