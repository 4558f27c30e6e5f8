"""Which normal clips are learned from and which are held out."""

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
from ocrgan_edge.video.normal_clips import held_out, share_out
from ocrgan_edge.video.open_source import open_source

Record = Callable[..., Path]
Pictures = Callable[..., list[np.ndarray]]
Number = Callable[[np.ndarray], int]


def frames_of(path: Path, number: Number) -> list[int]:
    with closing(open_source(str(path))) as source:
        return [number(frame.image) for frame in iter(source.read, None)]


def test_a_tenth_is_held_out_evenly_spaced() -> None:
    names = [f"{i:02}" for i in range(20)]
    assert held_out(names) == ("05", "15")


def test_at_least_one_clip_is_held_out() -> None:
    assert held_out(["a", "b"]) == ("b",)


@given(st.sets(st.integers(0, 99).map("Train{}".format), min_size=2), st.floats(0, 1))
def test_held_out_clips_do_not_depend_on_order_and_leave_some_to_train_on(
    names: set[str], share: float
) -> None:
    kept = held_out(sorted(names), share)
    assert kept == held_out(sorted(names, reverse=True), share)
    assert 1 <= len(set(kept)) == len(kept) < len(names)
    assert set(kept) <= names


def test_several_clips_are_shared_out_whole() -> None:
    clips = {name: Path(name) for name in "abc"}
    assert share_out(clips) == ({"a": Path("a"), "c": Path("c")}, {"b": Path("b")})


def test_the_middle_third_of_a_short_recording_alone_is_held_out(
    record: Record, pictures: Pictures, number: Number
) -> None:
    learned, kept = share_out({"yard": record("yard.mkv", pictures(30), 10.0)})
    assert list(learned) == ["yard-1", "yard-3"]
    assert frames_of(kept["yard-2"], number) == list(range(10, 20))
    assert frames_of(learned["yard-1"], number) == list(range(10))
    assert frames_of(learned["yard-3"], number) == list(range(20, 30))


@pytest.mark.parametrize(
    ("seconds", "middle"),
    [(120, (40, 80)), (300, (120, 180)), (1200, (540, 660))],  # a third, a minute, a tenth
)
def test_of_a_longer_recording_a_minute_or_a_tenth_is_held_out(
    tmp_path: Path, seconds: int, middle: tuple[int, int]
) -> None:
    folder = tmp_path / "yard"  # of 10 pictures a second; only the first is looked at
    folder.mkdir()
    assert cv2.imwrite(str(folder / "00000.png"), np.zeros((2, 2), np.uint8))
    for index in range(1, 10 * seconds):
        (folder / f"{index:05}.png").touch()
    kept = share_out({"yard": folder}).held_out
    start, stop = middle
    assert kept == {"yard-2": tmp_path / f"yard#t={start}.000,{stop}.000"}


def test_a_recording_alone_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "yard.mp4"
    broken.write_bytes(b"no video")
    with pytest.raises(SourceError, match="no video, or broken"):
        share_out({"yard": broken})
