from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrgan_edge.errors import SettingsError, SourceError
from ocrgan_edge.video.folder_source import FolderSource
from ocrgan_edge.video.open_source import open_source
from ocrgan_edge.video.opencv_source import VideoFileSource

Record = Callable[..., Path]
Pictures = Callable[..., list[np.ndarray]]


def test_a_file_is_opened_as_video(record: Record, pictures: Pictures) -> None:
    source = open_source(str(record("clip.mkv", pictures(3))))
    source.close()
    assert isinstance(source, VideoFileSource)


def test_a_folder_is_opened_as_frames(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((4, 4), np.uint8))
    assert isinstance(open_source(str(tmp_path)), FolderSource)


@pytest.mark.parametrize("text", ["97", "/dev/video97"])
def test_a_number_or_device_is_a_camera(text: str) -> None:
    with pytest.raises(SourceError, match=r"there is no camera 97 \(/dev/video97\)"):
        open_source(text)


def test_what_is_nothing_is_refused_with_what_could_be() -> None:
    with pytest.raises(SourceError, match="no source 'nowhere': wanted is a camera's number, .*"):
        open_source("nowhere")


def test_an_unknown_scheme_is_refused_with_those_known() -> None:
    with pytest.raises(SourceError, match="gopher://x has a scheme that is not known: .* rtsp,"):
        open_source("gopher://x")


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_no_rate_is_refused(rate: float) -> None:
    with pytest.raises(SettingsError, match="frames per second must be above 0"):
        open_source("97", frames_per_second=rate)


@pytest.mark.parametrize("text", ["rtsp://a:b@127.0.0.1:9/c", "scene"])
def test_a_rate_is_refused_for_what_has_its_own(text: str) -> None:
    with pytest.raises(SettingsError, match="has its own frame rate") as refused:
        open_source(text, frames_per_second=5.0)
    assert "a:b" not in str(refused.value)


def test_realtime_plays_a_recording_at_its_pace(record: Record, pictures: Pictures) -> None:
    source = open_source(str(record("clip.mkv", pictures(5), 20.0)), realtime=True)
    source.read()
    started = time.monotonic()
    frames = [frame for frame in iter(source.read, None)]
    lasted = time.monotonic() - started
    source.close()
    assert len(frames) == 4
    assert lasted >= 0.19
    assert (source.frames_per_second, source.length, source.live) == (20.0, 5, False)


def test_the_rendered_scene_is_a_source() -> None:
    source = open_source("scene:seed=3,seconds=1")
    frame = source.read()
    source.close()
    assert frame is not None
    assert frame.image.dtype == np.uint8
