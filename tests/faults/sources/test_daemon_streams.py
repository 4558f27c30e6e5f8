"""A real stream that breaks off, and a decoder that hangs, under the whole daemon."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow]
DROPS = 30 if os.environ.get("OCRGAN_FAULTS") == "long" else 1


def statuses(house: Any) -> list[str]:
    """Words of the stream's status, as they followed each other."""
    words = [json.loads(text)["status"] for text in house.told("stream/status") if text]
    return [word for number, word in enumerate(words) if word != (words[number - 1 : number] or 0)]


def test_a_stream_that_comes_and_goes_is_told_and_its_event_goes_on(
    house: Any, rtsp: Callable[..., Any], play: Callable[..., dict[str, Any]]
) -> None:
    camera = rtsp(rate=10)
    # A ball that never rests.
    stream = {"source": camera.address(), "threshold": 0.3, "sensitivity": 1.0, "cool_down": 1}
    house.settle(stream=stream, door=play("door", 30, 0, 0))
    house.start()
    began = house.wait_for_event("new", "stream", 20)
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
    reconnects = house.wait_for(
        "stats", lambda stats: stats["cameras"]["stream"]["reconnects"] == DROPS
    )
    print(f"{DROPS} drops, pictures again within {max(back):.1f} s", reconnects["rss_bytes"])
    assert max(back) < 5
    assert house.stop() == 0
    events = house.events("stream")
    assert {event["event_id"] for event in events} == {began["event_id"]}
    assert (events[0]["type"], events[-1]["type"]) == ("new", "end")
    assert [event["seq"] for event in house.events()] == list(range(1, len(house.events()) + 1))


def test_a_stream_that_stays_away_ends_its_event(house: Any, rtsp: Callable[..., Any]) -> None:
    camera = rtsp(rate=10)
    house.settle(stream={"source": camera.address(), "threshold": 0.3})
    house.start()
    began = house.wait_for_event("new", "stream", 20)
    camera.kill()
    end = house.wait_for_event("end", "stream", 20)
    assert (end["event_id"], end["after"]["end_reason"]) == (began["event_id"], "source_failed")
    assert house.newest("stream/anomaly") == "OFF"
    assert house.stop() == 0


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
