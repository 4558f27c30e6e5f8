from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_edge.alerts.evidence.clip import LONGEST, Clip
from ocrgan_edge.alerts.evidence.clip_file import h264_mp4, mjpeg_mov
from ocrgan_edge.alerts.evidence.picture import Picture, to_jpeg

# 10 pictures a second whose clock wanders, and a second without any.
TIMES = [5.0, 5.1, 5.21, 5.3, 5.38, 5.5, 5.6, 6.6, 6.7, 6.8, 6.91, 7.0]

both_formats = pytest.mark.parametrize("make", [h264_mp4, mjpeg_mov])


def numbered(number: int) -> NDArray[np.uint8]:
    """A picture that shows its number as eight bars, white or black."""
    image = np.zeros((48, 64, 3), np.uint8)
    for bit in range(8):
        image[:, bit * 8 : bit * 8 + 8] = 255 * (number >> bit & 1)
    return image


def read_number(image: NDArray[np.uint8]) -> int:
    return sum(1 << bit for bit in range(8) if image[24, bit * 8 + 4, 0] > 127)


def some_pictures() -> list[Picture]:
    return [Picture(at, to_jpeg(numbered(number))) for number, at in enumerate(TIMES)]


def blank(at: float, size: int = 1) -> Picture:
    return Picture(at, b"x" * size)


@both_formats
def test_a_clip_shows_all_pictures_in_order(make: Callable[[list[Picture]], bytes]) -> None:
    with av.open(io.BytesIO(make(some_pictures()))) as clip:
        shown = [read_number(frame.to_ndarray(format="bgr24")) for frame in clip.decode(video=0)]
    assert shown == list(range(len(TIMES)))


@both_formats
def test_a_clip_keeps_the_times_between_its_pictures(
    make: Callable[[list[Picture]], bytes],
) -> None:
    with av.open(io.BytesIO(make(some_pictures()))) as clip:
        times = [frame.time for frame in clip.decode(video=0)]
    assert times == pytest.approx([at - 5.0 for at in TIMES], abs=0.001)


@both_formats
def test_one_picture_is_a_clip(make: Callable[[list[Picture]], bytes]) -> None:
    with av.open(io.BytesIO(make(some_pictures()[:1]))) as clip:
        assert len(list(clip.decode(video=0))) == 1


def test_pictures_of_one_moment_are_shown_one_after_the_other() -> None:
    jpeg = to_jpeg(numbered(0))
    with av.open(io.BytesIO(h264_mp4([Picture(1.0, jpeg), Picture(1.0, jpeg)]))) as clip:
        assert [frame.time for frame in clip.decode(video=0)] == [0.0, 0.001]


def test_a_camera_that_changes_its_resolution_does_not_break_the_clip() -> None:
    large = Picture(5.1, to_jpeg(np.repeat(np.repeat(numbered(170), 2, 0), 2, 1)))
    with av.open(io.BytesIO(h264_mp4([some_pictures()[0], large]))) as clip:
        frames = [frame.to_ndarray(format="bgr24") for frame in clip.decode(video=0)]
    assert [read_number(frame) for frame in frames] == [0, 170]
    assert frames[1].shape == (48, 64, 3)


def test_browsers_can_play_a_clip_while_they_load_it(tmp_path: Path) -> None:
    data = h264_mp4(some_pictures())
    assert data.index(b"moov") < data.index(b"mdat")  # the index comes before the pictures
    stream = probe(tmp_path, data)
    assert (stream["codec_name"], stream["pix_fmt"]) == ("h264", "yuv420p")
    assert (stream["width"], stream["height"], stream["nb_frames"]) == (64, 48, "12")


def probe(folder: Path, data: bytes) -> dict[str, object]:
    if not shutil.which("ffprobe"):
        assert "CI" not in os.environ, "CI must install ffmpeg: nothing is skipped there"
        pytest.skip("ffprobe is not installed (Debian: apt-get install ffmpeg)")
    (folder / "clip.mp4").write_bytes(data)
    command = ["ffprobe", "-v", "warning", "-show_streams", "-of", "json", folder / "clip.mp4"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    stream: dict[str, object] = json.loads(done.stdout)["streams"][0]
    return stream


def test_a_clip_takes_pictures_until_its_end_and_none_after() -> None:
    clip = Clip([blank(1)])
    assert not clip.add(blank(2))
    assert not clip.end(4)
    assert not clip.add(blank(3))
    assert clip.add(blank(4.5))
    assert [picture.at for picture in clip.pictures] == [1, 2, 3]
    assert not clip.cut


def test_a_clip_is_complete_with_the_picture_of_its_last_moment() -> None:
    clip = Clip([blank(1)])
    clip.end(2)
    assert clip.add(blank(2))
    assert [picture.at for picture in clip.pictures] == [1, 2]


def test_a_clip_whose_end_is_known_late_leaves_out_what_came_after() -> None:
    clip = Clip([blank(1), blank(2), blank(3)])
    assert clip.end(2)
    assert [picture.at for picture in clip.pictures] == [1, 2]


def test_a_clip_that_becomes_too_long_is_cut() -> None:
    clip = Clip([blank(10)])
    assert not clip.add(blank(10 + LONGEST))
    assert clip.add(blank(10 + LONGEST + 1))
    assert clip.cut
    assert len(clip.pictures) == 2


def test_a_clip_that_becomes_too_large_is_cut() -> None:
    clip = Clip([blank(0, 12_000_000)])
    assert not clip.add(blank(1, 12_000_000))
    assert clip.add(blank(2))
    assert clip.cut
