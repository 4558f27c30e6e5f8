"""The Pi's camera. Here is none: shown is what is said then, and that pictures pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from ocrgan_edge.errors import SettingsError, SourceError
from ocrgan_edge.video.open_live import LiveOptions
from ocrgan_edge.video.open_source import open_source

# As much of picamera2's interface as is used; its manual, 4.2 and 6.1.
PICAMERA2 = """
import time
import numpy

class Picamera2:
    def __init__(self, number):
        if number > 0:
            raise IndexError("list index out of range")
    def create_video_configuration(self, main, controls):
        assert main["format"] == "RGB888"
        return main
    def configure(self, main):
        self.width, self.height = main["size"]
    def start(self):
        pass
    def capture_array(self, name):
        time.sleep(0.02)
        return numpy.full((self.height, self.width, 3), (200, 100, 50), numpy.uint8)
    def close(self):
        pass
"""


@pytest.fixture
def picamera2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the library, in the decoder's process only."""
    (tmp_path / "picamera2.py").write_text(PICAMERA2)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_without_picamera2_it_is_said_how_to_get_it() -> None:
    with pytest.raises(SettingsError, match="picamera cannot be opened: picamera2 is not inst"):
        open_source("picamera", live=LiveOptions(reconnect=True))


@pytest.mark.usefixtures("picamera2")
def test_its_pictures_arrive_with_their_colours() -> None:
    source = open_source("picamera:0", live=LiveOptions(widest=64))
    frame = source.read()
    source.close()
    assert frame is not None
    assert frame.image.shape == (36, 64, 3)
    assert frame.image[0, 0].tolist() == [200, 100, 50]
    assert source.frames_per_second == 25.0


@pytest.mark.usefixtures("picamera2")
def test_a_camera_that_is_not_there_is_an_error() -> None:
    with pytest.raises(SourceError, match="picamera:1 cannot be opened: there is no such camera"):
        open_source("picamera:1")
