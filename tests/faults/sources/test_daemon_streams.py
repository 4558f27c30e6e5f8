"""A real stream that breaks off, and a decoder that hangs, under the whole daemon."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow, pytest.mark.timeout(900)]
DROPS = 30 if os.environ.get("OCRGAN_FAULTS") == "long" else 1


def test_an_event_outlives_a_short_absence_of_its_stream_and_ends_with_a_long_one(
    house: Any, rtsp: Callable[..., Any], play: Callable[..., dict[str, Any]]
) -> None:
    camera, other = rtsp(rate=10), rtsp(rate=10)
    ball = {"threshold": 0.3, "cool_down": 1}  # it never rests
    house.settle(
        stream=ball | {"source": camera.address()},
        yard=ball | {"source": other.address()},
        door=play("door", 30, 0, 0),
    )
    house.start()
    began = {name: house.wait_for_event("new", name, 20) for name in ("stream", "yard")}
    other.kill()
    back: list[float] = []
    for _ in range(DROPS):
        camera.kill()
        status = house.wait_for("stream/status", lambda status: status["status"] == "offline")
        assert "broke off" in status["reason"]
        house.goes_on_scoring("door")
        time.sleep(random.uniform(0, 3))
        camera.start()
        at = time.monotonic()
        house.wait_for("stream/status", lambda status: status["status"] == "online", 10)
        back.append(time.monotonic() - at)
        house.goes_on_scoring("stream", 10)
    house.wait_for("stats", lambda stats: stats["cameras"]["stream"]["reconnects"] == DROPS)
    end = house.wait_for_event("end", "yard", 20)
    assert (end["event_id"], end["after"]["end_reason"]) == (
        began["yard"]["event_id"],
        "source_failed",
    )
    print(f"{DROPS} drops, pictures again within {max(back):.1f} s")
    assert max(back) < 5
    assert house.stop() == 0
    events = house.events("stream")
    assert {event["event_id"] for event in events} == {began["stream"]["event_id"]}
    assert (events[0]["type"], events[-1]["type"]) == ("new", "end")


def test_a_decoder_that_hangs_is_replaced_within_seconds(
    house: Any, rtsp: Callable[..., Any]
) -> None:
    camera = rtsp(rate=10)
    house.settle(stream={"source": camera.address()})
    house.start()
    house.wait_until(lambda: house.scores("stream") > 3, 20, "scores")
    (decoder,) = house.process.children()
    decoder.send_signal(signal.SIGSTOP)
    at = time.monotonic()
    house.wait_for("stream/status", lambda status: status["status"] == "offline")
    told = time.monotonic() - at
    house.wait_for("stream/status", lambda status: status["status"] == "online")
    house.goes_on_scoring("stream", 10)
    print(f"told within {told:.1f} s, pictures within {time.monotonic() - at:.1f} s")
    assert told < 4
    assert not decoder.is_running() or decoder.status() == psutil.STATUS_ZOMBIE
    assert len(house.process.children()) == 1
    assert not house.said(" hangs: ")
    assert house.stop() == 0
