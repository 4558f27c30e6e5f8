"""Which normal clips are learned from and which are held out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

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
    ("seconds", "pieces", "held_out"),
    [
        (120, 3, {"yard-2": (40, 80)}),  # a third
        (300, 3, {"yard-2": (120, 180)}),  # a minute
        (1200, 10, {"yard-06": (600, 720)}),  # one of ten
        (7200, 12, {"yard-07": (3600, 4200)}),  # of ten minutes at most
        (12_000, 20, {"yard-06": (3000, 3600), "yard-16": (9000, 9600)}),
    ],
)
def test_the_longer_a_recording_alone_the_more_pieces_it_is_cut_into(
    tmp_path: Path, seconds: int, pieces: int, held_out: dict[str, tuple[int, int]]
) -> None:
    (tmp_path / "clips.json").write_text('{"frames_per_second": 0.1}')
    folder = tmp_path / "train" / "yard"
    folder.mkdir(parents=True)
    for index in range(seconds // 10):
        (folder / f"{index:05}.png").touch()  # not looked at
    shared = share_out({"yard": folder})
    assert len(shared.learned) + len(shared.held_out) == pieces
    assert shared.held_out == {
        name: folder.with_name(f"yard#t={start}.000,{stop}.000")
        for name, (start, stop) in held_out.items()
    }


def test_a_recording_alone_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "yard.mp4"
    broken.write_bytes(b"no video")
    with pytest.raises(SourceError, match="no video, or broken"):
        share_out({"yard": broken})
