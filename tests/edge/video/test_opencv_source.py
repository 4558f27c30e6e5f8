from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.opencv_source import FAR, VideoFileSource

Record = Callable[..., Path]
Pictures = Callable[..., list[np.ndarray]]


def read_all(path: Path) -> int:
    source = VideoFileSource(path)
    count = 0
    while source.read() is not None:
        count += 1
    source.close()
    return count


def test_frames_come_in_order_with_their_media_time(record: Record, pictures: Pictures) -> None:
    source = VideoFileSource(record("clip.mkv", pictures(4), 8.0))
    frames = [frame for frame in iter(source.read, None)]
    source.close()
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [frame.at for frame in frames] == [0.0, 0.125, 0.25, 0.375]
    assert [int(frame.image[3, 3, 0]) for frame in frames] == [0, 5, 10, 15]
    assert source.read() is None


@pytest.mark.parametrize("container", ["mkv", "avi", "nut"])
@pytest.mark.parametrize("skipped", [0, 7, FAR, FAR + 99, FAR + 100, 9999])
def test_frames_that_are_skipped_are_counted(record: Record, container: str, skipped: int) -> None:
    count = FAR + 100
    images = [np.full((16, 16, 3), i % 50 * 5, np.uint8) for i in range(count)]
    source = VideoFileSource(record(f"clip.{container}", images, 10.0))
    source.skip(skipped)
    frames = [frame for frame in iter(source.read, None)]
    source.close()
    assert [frame.index for frame in frames] == list(range(skipped, count))
    assert [frame.at for frame in frames] == [i / 10 for i in range(skipped, count)]
    shown = [round(float(frame.image.mean()) / 5) for frame in frames]
    assert shown == [i % 50 for i in range(skipped, count)]


def test_a_file_knows_its_rate_and_length(record: Record, pictures: Pictures) -> None:
    source = VideoFileSource(record("clip.avi", pictures(12), 12.5))
    source.close()
    assert (source.frames_per_second, source.length, source.live) == (12.5, 12, False)


def test_the_recorded_rate_can_be_overridden(record: Record, pictures: Pictures) -> None:
    source = VideoFileSource(record("clip.mkv", pictures(3), 30.0), frames_per_second=10.0)
    times = [frame.at for frame in iter(source.read, None)]
    source.close()
    assert times == [0.0, 0.1, 0.2]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.avi"
    path.touch()
    with pytest.raises(SourceError, match=r"empty.avi is empty: 0 bytes"):
        VideoFileSource(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone.avi cannot be read \(No such file"):
        VideoFileSource(tmp_path / "gone.avi")


@pytest.mark.parametrize("content", [b"this is a letter, not a video", os.urandom(20_000)])
def test_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"letter.mp4 is no video, or broken"):
        VideoFileSource(path)


@pytest.mark.parametrize("name", ["clip.mkv", "clip.avi"])
def test_a_truncated_file_gives_its_frames_and_then_an_error(
    record: Record, tmp_path: Path, name: str
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 24, 32, 3), dtype=np.uint8)
    path = record(name, list(noise))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(SourceError, match=rf"{name} is broken: it ends after \d+ of 40 frames"):
        read_all(path)


def test_a_truncated_header_is_refused(record: Record, pictures: Pictures) -> None:
    path = record("clip.mp4.mkv", pictures(5))
    path.write_bytes(path.read_bytes()[:150])
    with pytest.raises(SourceError, match="is no video, or broken"):
        VideoFileSource(path)


def test_nothing_is_written_to_stderr(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], record: Record
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (20, 24, 32, 3), dtype=np.uint8)
    path = record("clip.mkv", list(noise))
    path.write_bytes(path.read_bytes()[:-9000])
    with pytest.raises(SourceError):
        read_all(path)
    assert capfd.readouterr() == ("", "")


def test_closing_twice_is_allowed(record: Record, pictures: Pictures) -> None:
    source = VideoFileSource(record("clip.mkv", pictures(3)))
    source.close()
    source.close()
    assert source.read() is None
