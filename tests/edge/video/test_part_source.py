"""Stretches of recordings, as `yard.mp4#t=540,600`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.open_source import open_source
from ocrgan_edge.video.part_source import stretch, stretch_of

Record = Callable[..., Path]
Pictures = Callable[..., list[np.ndarray]]
Number = Callable[[np.ndarray], int]


@pytest.fixture(params=["video", "folder"])
def ten(request: pytest.FixtureRequest, record: Record, pictures: Pictures, tmp_path: Path) -> Path:
    """Ten numbered pictures, ten a second."""
    if request.param == "video":
        return record("ten.mkv", pictures(10), 10.0)
    folder = tmp_path / "ten"
    folder.mkdir()
    for index, picture in enumerate(pictures(10)):
        cv2.imwrite(str(folder / f"{index}.png"), picture)
    return folder


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("#t=0.2,0.5", [2, 3, 4]),
        ("#t=0.7", [7, 8, 9]),
        ("#t=,0.2", [0, 1]),
        ("#t=0,99", list(range(10))),
        ("#t=0.9,1", [9]),
    ],
)
def test_a_stretch_has_the_frames_from_the_first_second_to_before_the_second(
    ten: Path, number: Number, fragment: str, expected: list[int]
) -> None:
    with closing(open_source(f"{ten}{fragment}")) as source:
        frames = list(iter(source.read, None))
        assert source.length == len(expected)
        assert source.read() is None
    assert [number(frame.image) for frame in frames] == expected
    assert [frame.index for frame in frames] == list(range(len(expected)))
    assert [frame.at for frame in frames] == [i / 10 for i in range(len(expected))]


def test_a_stretch_behind_the_end_has_no_frames(ten: Path) -> None:
    with closing(open_source(f"{ten}#t=5")) as source:
        assert source.length == 0
        assert source.read() is None


def test_a_stretch_that_ends_before_it_begins_is_refused(ten: Path) -> None:
    with pytest.raises(SourceError, match=r"#t=3,2 ends before it begins"):
        open_source(f"{ten}#t=3,2")


def test_a_stretch_of_nothing_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no source"):
        open_source(f"{tmp_path}/gone.mkv#t=0,1")


def test_a_file_whose_name_looks_like_a_stretch_is_that_file(
    record: Record, pictures: Pictures
) -> None:
    path = record("a.mkv", pictures(3))
    odd = path.rename(path.with_name("a.mkv#t=1,2"))
    with closing(open_source(str(odd))) as source:
        assert len(list(iter(source.read, None))) == 3


def test_a_stretch_can_be_played_again_and_again(ten: Path, number: Number) -> None:
    with closing(open_source(f"{ten}#t=0.3,0.5", loop=True)) as source:
        seen = [frame for _ in range(5) if (frame := source.read())]
    assert [number(frame.image) for frame in seen] == [3, 4, 3, 4, 3]


@pytest.mark.parametrize("text", ["a.mp4", "a.mp4#t=", "a#t=1x", "rtsp://a/b#t=-1", "#t=1,2"])
def test_what_has_no_seconds_is_no_stretch(text: str) -> None:
    assert stretch_of(text) is None


@given(
    st.floats(0, 1e5).map(lambda x: round(x, 3)),
    st.none() | st.floats(0, 1e5).map(lambda x: round(x, 3)),
)
def test_a_stretch_is_read_as_it_was_written(start: float, stop: float | None) -> None:
    assert stretch_of(str(stretch(Path("in/yard.mp4"), start, stop))) == (
        Path("in/yard.mp4"),
        start,
        stop,
    )
