"""The installed command with a real broker, from a video file to what a subscriber sees."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ocrgan_edge.alerts.schema import load_schema

pytestmark = pytest.mark.mosquitto
Start = Callable[..., subprocess.Popen[str]]
Video = Callable[..., Path]


def assert_valid(listener) -> None:
    """Every payload heard is what its topic's schema says, a plain word, a number or a JPEG."""
    words = {
        "available": {"online", "offline", "stopped"},
        "anomaly": {"ON", "OFF"},
        "scene": {"ok", "frozen", "dark", "covered", "blurred", "moved"},
        "enabled": {"ON", "OFF"},
        "sensitivity": {"low", "medium", "high"},
    }
    for heard in listener.heard:
        levels = heard.topic.removesuffix("/state").split("/")
        if levels[0] == "homeassistant" or levels[-1] == "snapshot":
            continue  # they have tests of their own
        if levels[-1] in words:
            assert heard.payload in words[levels[-1]]
        elif levels[-1] == "threshold":
            float(heard.payload)
        else:
            Draft202012Validator(load_schema(levels[-1])).validate(json.loads(heard.payload))


def events(listener) -> list[dict]:
    return [json.loads(payload) for payload in listener.on("/events")]


def test_an_anomaly_in_a_recording_is_told_from_its_start_to_its_end(
    mosquitto, listen, start_daemon: Start, write_video: Video
) -> None:
    listener = listen(mosquitto.port)
    daemon = start_daemon(write_video(12, 3, 6), "--mqtt", mosquitto.url, "--hop", 4)
    assert daemon.wait(20) == 0
    listener.wait_for("available", "stopped")
    # Windows end at 0.7, 1.1, … s; movement is in those from 3.1 to 6.3. Raised at 3.1 + 0.8,
    # told every 2 s, quiet from 6.7 and for the cool-down of 2 s at 8.7.
    kinds = ["new", "update", "update", "end"]
    assert [event["type"] for event in events(listener)] == kinds
    assert [event["seq"] for event in events(listener)] == [1, 2, 3, 4]
    assert len({event["event_id"] for event in events(listener)}) == 1
    durations = [event["after"]["duration"] for event in events(listener)]
    assert durations == [0.8, 2.8, 4.8, 3.2]
    state = events(listener)[-1]["after"]
    assert state["media_start"] == pytest.approx(3.1)
    assert state["media_end"] == pytest.approx(6.3)
    assert state["shares"]["motion"] == 1.0
    assert listener.on("/anomaly") == ["OFF", "ON", "OFF"]
    assert listener.on("/available") == ["online", "stopped"]
    assert listener.on("/score")
    assert_valid(listener)


@pytest.mark.slow
def test_subscribers_that_come_later_see_the_retained_states(
    mosquitto, listen, start_daemon: Start, write_video: Video
) -> None:
    daemon = start_daemon(
        write_video(30, 0.5, 30), "--mqtt", mosquitto.url, "--realtime", "--minimum-duration", 0
    )
    listen(mosquitto.port).wait_for("anomaly", "ON")
    late = listen(mosquitto.port)
    late.wait_for("attic/available", "online")
    late.wait_for("attic/door/anomaly", "ON")
    late.wait_for("attic/door/score", '"score":')
    assert not late.on("/events")
    daemon.kill()


def test_a_killed_daemon_is_declared_offline_by_its_last_will(
    mosquitto, listen, start_daemon: Start, write_video: Video
) -> None:
    listener = listen(mosquitto.port)
    daemon = start_daemon(write_video(30, 0, 0), "--mqtt", mosquitto.url, "--realtime")
    listener.wait_for("available", "online")
    daemon.send_signal(signal.SIGKILL)
    listener.wait_for("available", "offline")
    assert listener.heard[-1].retain


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_stop_ends_the_open_event_says_stopped_and_leaves_cleanly(
    mosquitto, listen, start_daemon: Start, write_video: Video, number: int, code: int
) -> None:
    listener = listen(mosquitto.port)
    daemon = start_daemon(
        write_video(30, 0.5, 30), "--mqtt", mosquitto.url, "--realtime", "--minimum-duration", 0
    )
    listener.wait_for("events", '"new"')
    daemon.send_signal(number)
    assert daemon.wait(5) == code
    listener.wait_for("available", "stopped")
    assert events(listener)[-1]["type"] == "end"
    assert events(listener)[-1]["after"]["end_reason"] == "stopped"
    assert listener.on("/anomaly")[-1] == "OFF"
    assert "Traceback" not in daemon.communicate()[1]
    assert_valid(listener)


@pytest.mark.slow
def test_a_broker_that_is_down_at_the_start_gets_everything_later(
    mosquitto, listen, start_daemon: Start, write_video: Video
) -> None:
    mosquitto.stop()
    daemon = start_daemon(
        write_video(30, 0.5, 30), "--mqtt", mosquitto.url, "--realtime", "--minimum-duration", 0
    )
    assert daemon.stderr
    first = next(line for line in daemon.stderr if "cannot be reached" in line)
    time.sleep(2)
    mosquitto.start()
    listener = listen(mosquitto.port)
    listener.wait_for("events", '"new"')
    listener.wait_for("anomaly", "ON")
    daemon.send_signal(signal.SIGTERM)
    assert (first + daemon.communicate(timeout=10)[1]).count("cannot be reached") == 1
    assert events(listener)[0]["seq"] == 1


@pytest.mark.slow
def test_events_of_a_broker_s_absence_arrive_when_it_is_back(
    mosquitto, listen, start_daemon: Start, write_video: Video
) -> None:
    first = listen(mosquitto.port)
    daemon = start_daemon(write_video(12, 2, 5), "--mqtt", mosquitto.url, "--realtime")
    first.wait_for("events", '"new"')
    mosquitto.stop()
    time.sleep(5)  # the event ends meanwhile
    mosquitto.start()
    second = listen(mosquitto.port)
    second.wait_for("events", '"end"')
    assert daemon.wait(20) == 0
    told = {event["seq"]: event for event in events(first) + events(second)}
    assert sorted(told) == list(range(1, len(told) + 1))
    assert len({event["event_id"] for event in told.values()}) == 1
    assert second.on("/anomaly")[-1] == "OFF"
    assert second.on("/available")[-1] == "stopped"
    assert_valid(second)


@pytest.mark.slow
def test_a_refused_user_ends_the_daemon_with_one_sentence(
    make_mosquitto, start_daemon: Start, write_video: Video
) -> None:
    broker = make_mosquitto("allow_anonymous false")
    daemon = start_daemon(write_video(30, 0, 0), "--mqtt", broker.url, "--realtime")
    assert daemon.wait(10) == 5
    errors = daemon.communicate()[1]
    assert "a client without a user name: not authorized" in errors.splitlines()[-1]
    assert "Traceback" not in errors


@pytest.mark.slow
def test_the_rendered_scene_is_a_camera_like_any_other(
    mosquitto, listen, start_daemon: Start
) -> None:
    listener = listen(mosquitto.port)
    scene = "scene:seed=3,seconds=12,vehicle@4,size=160x120"
    daemon = start_daemon(scene, "--mqtt", mosquitto.url)
    assert daemon.wait(60) == 0
    listener.wait_for("available", "stopped")
    kinds = [event["type"] for event in events(listener)]
    assert (kinds[0], kinds[-1]) == ("new", "end")
    assert_valid(listener)
