"""A lamp that flickers all day is told once, and hides nothing that happens elsewhere."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

pytestmark = pytest.mark.mosquitto


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """Half a minute: a lamp flickers from 3 s on, something moves from 20 to 23 s."""
    path = tmp_path / "room.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 64))
    for number in range(300):
        image = np.full((64, 64, 3), 100, np.uint8)
        if number >= 30:
            image[:12, :12] = 255 * (number % 2)
        if 200 <= number < 230:
            image[48:, 48 + number % 8 :][:, :8] = 255
        writer.write(image)
    writer.release()
    return path


def test_what_stays_is_told_once_and_hides_nothing_elsewhere(
    mosquitto, listen, start_daemon: Callable[..., subprocess.Popen[str]], room: Path
) -> None:
    listener = listen(mosquitto.port)
    daemon = start_daemon(room, "--mqtt", mosquitto.url, "--hop", 1, "--settle-after", 10)
    assert daemon.wait(30) == 0
    listener.wait_for("available", "stopped")
    ended = [json.loads(payload) for payload in listener.on("/events")]
    ended = [event["after"] for event in ended if event["type"] == "end"]
    assert [state["end_reason"] for state in ended] == ["settled", "quiet"]
    lamp, elsewhere = ended
    assert lamp["media_start"] == pytest.approx(3.0, abs=0.5)
    assert 12.5 <= lamp["media_end"] <= 15.0  # ten seconds, the first of which may be partly quiet
    assert elsewhere["media_start"] == pytest.approx(20.0, abs=0.5)
    assert elsewhere["boxes"][0]["left"] > 0.5
