from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.folder_source import FolderSource


def write(path: Path, value: int, shape: tuple[int, ...] = (6, 8, 3)) -> None:
    assert cv2.imwrite(str(path), np.full(shape, value, np.uint8))


def test_pictures_come_sorted_by_name_at_ten_per_second(tmp_path: Path) -> None:
    for name, value in (("010.png", 30), ("002.png", 20), ("001.png", 10)):
        write(tmp_path / name, value)
    source = FolderSource(tmp_path)
    frames = [frame for frame in iter(source.read, None)]
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [10, 20, 30]
    assert [frame.at for frame in frames] == [0.0, 0.1, 0.2]
    assert (source.length, source.live) == (3, False)


def test_the_rate_can_be_given(tmp_path: Path) -> None:
    write(tmp_path / "1.png", 1)
    write(tmp_path / "2.png", 2)
    source = FolderSource(tmp_path, frames_per_second=4.0)
    assert [frame.at for frame in iter(source.read, None)] == [0.0, 0.25]


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg"])
def test_gray_and_colour_are_read_alike(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / f"1.{suffix}", 128, (6, 8))
    write(tmp_path / f"2.{suffix}", 128)
    first, second = iter(FolderSource(tmp_path).read, None)
    assert first.image.shape == (6, 8, 3)
    assert np.array_equal(first.image, second.image)


def test_transparency_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "1.png", 50, (6, 8, 4))
    frame = FolderSource(tmp_path).read()
    assert frame is not None
    assert frame.image.shape == (6, 8, 3)


def test_other_and_hidden_files_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "1.tif", 1)
    (tmp_path / "._1.tif").write_bytes(b"a Mac wrote this")
    (tmp_path / "Thumbs.db").write_bytes(b"and Windows this")
    assert FolderSource(tmp_path).length == 1


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has no frames: tif, png or jpg files"):
        FolderSource(tmp_path)


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg"])
def test_a_broken_picture_is_named(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / f"001.{suffix}", 1)
    path = tmp_path / f"142.{suffix}"
    path.write_bytes((tmp_path / f"001.{suffix}").read_bytes()[:40])
    source = FolderSource(tmp_path)
    source.read()
    with pytest.raises(SourceError, match=rf"142\.{suffix} cannot be decoded"):
        source.read()


def test_an_empty_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "1.png").touch()
    with pytest.raises(SourceError, match=r"1\.png cannot be decoded"):
        FolderSource(tmp_path).read()


def test_a_picture_of_another_size_is_named_with_both_sizes(tmp_path: Path) -> None:
    write(tmp_path / "1.png", 1)
    write(tmp_path / "2.png", 1, (12, 8, 3))
    source = FolderSource(tmp_path)
    source.read()
    with pytest.raises(SourceError, match=r"2\.png is 8x12, but the first one is 8x6"):
        source.read()


def test_sixteen_bits_are_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.full((6, 8), 3000, np.uint16))
    with pytest.raises(SourceError, match=r"1\.png has uint16 pixels, but 8 bits are wanted"):
        FolderSource(tmp_path).read()
