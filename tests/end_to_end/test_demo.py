"""`ocrgan-demo`: broker, subscriber, daemon and scene on this machine, as a newcomer runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ocrgan_edge.alerts.schema import load_schema

VEHICLE = "scene:seed=3,seconds=12,vehicle@4,size=160x120"
"""A vehicle moves so much that frame differencing finds it."""


def demo(*options: object) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("ocrgan-demo"), *options]
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=180
    )


@pytest.mark.slow
def test_every_message_is_a_line_and_a_told_anomaly_is_a_success(tiny_bundle: Path) -> None:
    done = demo("--bundle", tiny_bundle, "--scene", VEHICLE)
    assert done.returncode == 0, done.stdout + done.stderr
    messages, summary = done.stdout.split("\n\n")
    told = [line.split(" ", 1) for line in messages.splitlines()]
    assert told[0] == ["ocrgan/demo/available", "online"]
    assert told[-1] == ["ocrgan/demo/available", "stopped"]
    assert [payload for topic, payload in told if topic.endswith("anomaly")] == ["OFF", "ON", "OFF"]
    for topic, payload in told:
        if topic.endswith(("/events", "/score")):
            schema = load_schema(topic.split("/")[-1])
            Draft202012Validator(schema).validate(json.loads(payload))
    assert "vehicle" in summary
    assert "alerts: 1, outside of any anomaly: 0" in summary


@pytest.mark.slow
def test_a_missed_anomaly_is_a_failure(tiny_bundle: Path) -> None:
    done = demo("--bundle", tiny_bundle, "--scene", "scene:seed=3,seconds=8,fall@3,size=160x120")
    assert done.returncode == 1
    assert "MISSED" in done.stdout


def test_a_scene_without_end_is_refused(tiny_bundle: Path) -> None:
    done = demo("--bundle", tiny_bundle, "--scene", "scene")
    assert done.returncode == 2
    assert done.stderr.startswith("error: 'scene' never ends")
    assert len(done.stderr.splitlines()) == 1


def test_a_daemon_that_cannot_start_gives_the_demo_its_exit_code() -> None:
    done = demo("--bundle", "nowhere.ocrgan", "--scene", "scene:seconds=1,size=160x120")
    assert done.returncode == 4
    assert "error: there is no bundle at nowhere.ocrgan" in done.stderr


@pytest.mark.slow
def test_the_shipped_bundle_tells_each_anomaly_of_the_demo_and_nothing_else() -> None:
    done = demo()
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr
